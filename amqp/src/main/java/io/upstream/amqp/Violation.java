// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** The peer broke the protocol; ends the connection. Never leaves the engine. */
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Violation(String what) {
        super(what, null, false, false);
    }
}
