// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Telemetry;
import io.upstream.session.HubLimit;

/** What messages with the same properties have in common. */
final class Sections {
    private final Telemetry sample;
    private final byte[] encoded;
    private final long hubSize;

    /** Encodes them. */
    Sections(Telemetry sample) throws InvalidTelemetryException {
        this.sample = sample;
        encoded = TelemetryEncoder.sections(sample);
        hubSize = HubLimit.size(sample) - sample.size();
    }

    /** What comes before a message's data section. Not to be changed. */
    byte[] encoded() {
        return encoded;
    }

    /** How long the hub takes {@code message} for, in bytes. */
    long hubSize(Telemetry message) {
        return hubSize + message.size();
    }

    /** Whether {@code message} has the same properties, which {@link Telemetry#withPayload} keeps. */
    boolean fit(Telemetry message) {
        return sample.properties() == message.properties() && sample.system() == message.system();
    }
}
