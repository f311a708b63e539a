// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/** What the hub shall do with a cloud-to-device message. */
public enum Settlement {
    /** Done: the hub forgets it and tells its sender so. */
    COMPLETE,
    /**
     * Never deliver it again; the sender is told. MQTT has no word for it: there the message stays unacknowledged, a warning is
     * logged, and the hub delivers it again after its lock of one minute has lapsed.
     */
    REJECT,
    /** Deliver it again. Under MQTT this, too, means to leave it unacknowledged. */
    ABANDON
}
