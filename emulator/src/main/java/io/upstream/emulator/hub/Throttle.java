// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** Decides which operations the hub refuses because there are too many of them. Called by any thread. */
@FunctionalInterface
public interface Throttle {
    /** Refuses nothing. */
    Throttle NONE = (identity, operation) -> {};

    /** What can be refused; the hub counts each kind for itself. */
    enum Operation {
        TELEMETRY,
        TWIN_READ,
        TWIN_UPDATE
    }

    /**
     * Lets an operation of a device or module pass.
     *
     * @throws HubException with {@link HubError#THROTTLED} or {@link HubError#QUOTA_EXCEEDED}, if it must not
     */
    void admit(HubIdentity identity, Operation operation) throws HubException;
}
