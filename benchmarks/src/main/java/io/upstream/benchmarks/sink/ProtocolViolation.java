// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

/** The peer sent what the sink does not understand. */
final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1;

    ProtocolViolation(String message) {
        super(message);
    }
}
