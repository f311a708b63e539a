// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * Answers direct methods, on the runtime's callback executor, one after the other with the session's other callbacks. What takes long
 * answers {@link MethodResponse#when later}: then calls overlap.
 */
@FunctionalInterface
public interface MethodHandler {
    /**
     * Answers one call.
     *
     * @throws Exception to answer with status 500; it is logged, and the caller is not told what it says
     */
    MethodResponse onMethod(MethodRequest request) throws Exception;
}
