// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Instant;
import java.util.UUID;

/**
 * One cloud-to-device message on its way to a device, locked until it is settled or the lock lapses. The three settling
 * methods may be called from any thread; only the first call counts.
 */
public interface CloudDelivery {
    HubMessage message();

    UUID lockToken();

    /** The hub's own number of this message, from 1 on. */
    long sequenceNumber();

    Instant enqueuedTime();

    /** How often it was abandoned before. */
    int deliveryCount();

    void complete() throws HubException;

    void reject() throws HubException;

    void abandon() throws HubException;
}
