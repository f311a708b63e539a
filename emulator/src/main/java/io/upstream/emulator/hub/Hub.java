// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
     * Checks that a client certificate speaks for {@code identity}, which must exist and be enabled.
     *
     * @param chain the certificate first, as TLS has proved the client to hold its key; empty if there is none
     * @return when the certificate ends; the head closes the connection or the links then
     */
    Instant authorize(HubIdentity identity, X509Certificate... chain) throws HubException;

    /**
     * Checks a token for itself, as CBS does before anyone has named an identity: the identity comes from its {@code sr}.
     *
     * @return whom the token speaks for, and until when
     */
    Grant readToken(String sasToken) throws HubException;

    record Grant(HubIdentity identity, Instant expiry) {}

    /** Fails if the identity is not registered or is disabled. */
    void requireEnabled(HubIdentity identity) throws HubException;

    /**
     * Takes telemetry: all of these messages or none, their sizes count together. A message may ask for a {@linkplain FaultKind fault} instead.
     *
     * @return what to tell the sender
     */
    Receipt take(HubIdentity from, List<HubMessage> batch) throws HubException;

    /**
     * Notes a connection of the identity. Under MQTT the hub allows one: the earlier holder's {@code end} runs before this returns.
     *
     * @param end ends what it is told, from any thread, without waiting for it
     */
    Presence connect(HubIdentity identity, String protocol, Consumer<Ending> end);

    /**
     * Notes that the identity sends telemetry over AMQP, which the hub allows on one link: an earlier one's {@code replaced} runs before
     * this returns.
     */
    Presence openTelemetry(HubIdentity identity, Runnable replaced);

    /** What must be ended again because a fault of this identity lasts: asked when it connects or attaches a link; {@code null} if nothing. */
    @Nullable
    Ending ending(HubIdentity identity);

    /** Whether a fault of this kind is in force for the identity; for those that a head has to bring about. */
    default boolean suffers(HubIdentity identity, FaultKind kind) {
        return false;
    }

    /**
     * Starts handing cloud-to-device messages to {@code receiver}, which is called once for each message, possibly before this
     * returns and from any thread. Closing the link unlocks what was not settled. A second link of the same identity closes
     * the first, whose {@code replaced} runs.
     */
    Presence receiveCloudMessages(HubIdentity identity, Consumer<CloudDelivery> receiver, Runnable replaced);

    /** As {@link #receiveCloudMessages}, for messages to a module's inputs; their system property {@code input-name} says to which. */
    Presence receiveInputs(HubIdentity module, Consumer<CloudDelivery> receiver, Runnable replaced);

    /** The twin as its device sees it: {@code desired} and {@code reported}, each with {@code $version}. The caller's own copy. */
    ObjectNode deviceTwin(HubIdentity identity) throws HubException;

    /**
     * Changes the reported properties by a merge patch (RFC 7396).
     *
     * @param baseVersion the version that they must have
     * @return the new version
     * @throws HubException {@link HubError#MALFORMED} beyond the twin's limits, {@link HubError#PRECONDITION_FAILED} for another version
     */
    long report(HubIdentity identity, ObjectNode patch, OptionalLong baseVersion) throws HubException;

    /** Notes the model that an identity says it follows; it stays in the twin until another one is named. */
    void followModel(HubIdentity identity, String modelId);

    /**
     * Starts handing changes of the desired properties to {@code receiver}, in their order, from any thread, which it must not hold up. A
     * second receiver of the same identity takes the place of the first, whose {@code replaced} runs.
     */
    Presence receiveDesiredChanges(HubIdentity identity, Consumer<DesiredChange> receiver, Runnable replaced);

    /** As {@link #receiveDesiredChanges}, for direct methods; those that wait for a receiver come at once. */
    Presence receiveMethods(HubIdentity identity, Consumer<MethodRequest> receiver, Runnable replaced);

    /**
     * Brings a device's answer to a direct method.
     *
     * @return false if nobody waits for it (any more), which is no error
     * @throws HubException {@link HubError#MALFORMED} if the payload is not JSON, {@link HubError#MESSAGE_TOO_LARGE}
     */
    boolean answerMethod(HubIdentity identity, UUID id, MethodAnswer answer) throws HubException;

    /** Ends what was opened; idempotent. */
    interface Presence extends AutoCloseable {
        @Override
        void close();
    }
}
