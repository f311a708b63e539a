// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Instant;
import java.util.function.Consumer;

/** What a protocol head asks of the hub. All methods may be called from any thread and do not block on I/O. */
public interface Hub {
    /** The largest telemetry message in bytes: body, system property values, application names and values. */
    int MAX_TELEMETRY_BYTES = 256 * 1024;

    /** The host name that user names, tokens and addresses must carry. */
    String hostName();

    /**
     * Checks that {@code sasToken} speaks for {@code identity}, which must exist and be enabled.
     *
     * @return when the token ends; the head closes the connection or the links then
     */
    Instant authorize(HubIdentity identity, String sasToken) throws HubException;

    /**
     * Checks a token for itself, as CBS does before anyone has named an identity: the identity comes from its {@code sr}.
     *
     * @return whom the token speaks for, and until when
     */
    Grant readToken(String sasToken) throws HubException;

    record Grant(HubIdentity identity, Instant expiry) {}

    /** Fails if the identity is not registered or is disabled. */
    void requireEnabled(HubIdentity identity) throws HubException;

    /** Takes one telemetry message: checks its size and keeps it. Returns its sequence number, from 1 on. */
    long accept(HubIdentity from, HubMessage message) throws HubException;

    /**
     * Notes a connection of the identity. Under MQTT the hub allows one: the earlier holder's {@code kick} runs before this
     * returns.
     */
    Presence connect(HubIdentity identity, String protocol, Runnable kick);

    /**
     * Starts handing cloud-to-device messages to {@code receiver}, which is called once for each message, possibly before this
     * returns and from any thread. Closing the link unlocks what was not settled. A second link of the same identity closes
     * the first, whose {@code replaced} runs.
     */
    Presence receiveCloudMessages(HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable replaced);

    /** Ends what was opened; idempotent. */
    interface Presence extends AutoCloseable {
        @Override
        void close();
    }
}
