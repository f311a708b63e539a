// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.connect.Failures;

/**
 * An error as the peer put it.
 *
 * @param condition such as {@code amqp:not-found}; may be empty
 * @param description free text from outside; may be empty
 */
record PeerError(String condition, String description) {

    /** Fit for one line of a log. */
    @Override
    public String toString() {
        String name = Failures.printable(condition);
        return description.isBlank() ? name : name + ": " + Failures.printable(description);
    }
}
