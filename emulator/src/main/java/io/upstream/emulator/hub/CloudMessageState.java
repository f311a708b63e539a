// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** Where a cloud-to-device message stands. */
public enum CloudMessageState {
    ENQUEUED("enqueued"),
    /** Handed to the device and not yet settled. */
    LOCKED("locked"),
    COMPLETED("completed"),
    REJECTED("rejected"),
    EXPIRED("expired"),
    /** Abandoned as often as the hub allows. */
    DEAD_LETTERED("dead-lettered"),
    /** Gone with its device. */
    PURGED("purged");

    private final String text;

    CloudMessageState(String text) {
        this.text = text;
    }

    /** Whether nothing will change any more. */
    public boolean isFinal() {
        return this != ENQUEUED && this != LOCKED;
    }

    /** The name in the control API. */
    @Override
    public String toString() {
        return text;
    }
}
