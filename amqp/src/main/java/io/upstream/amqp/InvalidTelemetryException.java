// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** A message that has no form on the wire. */
final class InvalidTelemetryException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidTelemetryException(String what) {
        super(what, null, false, false);
    }
}
