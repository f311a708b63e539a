// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import org.apache.qpid.proton.engine.Receiver;

/**
 * How many more messages the peer may send. The engine counts credit but takes transfers beyond it, so the limit is kept here. It is
 * topped up only after everything that has arrived was looked at: credit that is not yet written cannot have been used.
 */
final class ReceivingCredit {
    private final Receiver receiver;
    private final int window;
    private int left;

    ReceivingCredit(Receiver receiver, int window) {
        this.receiver = receiver;
        this.window = window;
    }

    /** Gives the peer its first credit. */
    void open() {
        left = window;
        receiver.flow(window);
    }

    /** Counts one message; false if the peer had no credit for it. */
    boolean use() {
        return --left >= 0;
    }

    /** Whether so much is used that a flow is worth its frame. */
    boolean isLow() {
        return left <= window * 3 / 4;
    }

    void topUp() {
        if (isLow()) {
            receiver.flow(window - left);
            left = window;
        }
    }
}
