// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the Device Provisioning Service has a device connect, with the credentials that it registered with. Immutable; any thread.
 *
 * <p>It may change whenever the enrolment does: register again after each start, or when the hub does not know the device any more.
 */
public final class Assignment {
    private final String hubHost;
    private final Identity identity;
    private final String substatus;
    private final @Nullable String payload;
    private final UpstreamProtocol protocol;

    private Assignment(
            String hubHost, Identity identity, String substatus, @Nullable String payload, UpstreamProtocol protocol) {
        this.hubHost = hubHost;
        this.identity = identity;
        this.substatus = substatus;
        this.payload = payload;
        this.protocol = protocol;
    }

    /**
     * For the modules that speak with the service.
     *
     * @param substatus empty if the service gives none
     * @param payload JSON, or null
     * @param protocol over which the service was asked
     */
    public static Assignment of(
            String hubHost, Identity identity, String substatus, @Nullable String payload, UpstreamProtocol protocol) {
        return new Assignment(
                new HostPort(hubHost, 1).host(),
                Objects.requireNonNull(identity, "identity"),
                Objects.requireNonNull(substatus, "substatus"),
                payload,
                Objects.requireNonNull(protocol, "protocol"));
    }

    /** The hub to connect to. */
    public String hubHost() {
        return hubHost;
    }

    /** The device at that hub; its id may differ from the registration id. */
    public Identity identity() {
        return identity;
    }

    /**
     * How it came about, in the service's words: {@code initialAssignment}, {@code deviceDataMigrated}, {@code deviceDataReset}, {@code
     * reprovisionedToInitialAssignment}, whatever else it may come to say, or empty.
     */
    public String substatus() {
        return substatus;
    }

    /** JSON that the service's allocation function has for the device. */
    public Optional<String> payload() {
        return Optional.ofNullable(payload);
    }

    /** The protocol that reached the service, of those that the options name. */
    public UpstreamProtocol protocol() {
        return protocol;
    }

    /** Without the payload, which may hold anything. */
    @Override
    public String toString() {
        return "Assignment[" + identity + " at " + hubHost + (substatus.isEmpty() ? "" : ", " + substatus) + "]";
    }
}
