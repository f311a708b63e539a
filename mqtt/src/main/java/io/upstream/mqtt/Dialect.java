// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.session.TokenSource;

/**
 * What one identity's messages look like to the peer: an IoT Hub, or any MQTT 3.1.1 broker when the credentials are none of a hub's.
 *
 * @param telemetryTopic where messages go; under a bag it ends with a slash
 * @param bag whether properties follow the topic: not where the application chose the topic, since MQTT 3.1.1 itself has no properties
 * @param hub whether the hub's own rules hold: its limit on the size of a message, its login, its twins and methods
 * @param cloudTopic where messages from the hub come from: to a device those of the cloud, to a module what is routed to its inputs
 */
record Dialect(String telemetryTopic, boolean bag, boolean hub, CloudTopic cloudTopic) {

    /**
     * Chooses by the kind of credentials.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if the identity or the topic has a wildcard of MQTT in it
     */
    static Dialect of(Identity identity, Credentials credentials, UpstreamOptions options) throws UpstreamException {
        requireNoWildcard("identity", identity.toString());
        requireNoWildcard("telemetry address", options.telemetryAddress());
        String device = "devices/" + identity.deviceId();
        String sender = identity.moduleId() == null ? device : device + "/modules/" + identity.moduleId();
        boolean own = options.telemetryAddress().isEmpty();
        return new Dialect(
                own ? sender + "/messages/events/" : options.telemetryAddress(),
                own,
                TokenSource.serves(credentials) || credentials instanceof ClientCertificate,
                new CloudTopic(identity.moduleId() == null ? device + "/messages/devicebound/" : sender + "/inputs/"));
    }

    private static void requireNoWildcard(String what, String text) throws UpstreamException {
        if (text.chars().anyMatch(c -> c == '#' || c == '+' || c == 0)) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("mqtt"),
                    "the " + what + " '" + text.replace('\0', '?')
                            + "' has a character that MQTT forbids in a topic (# or + or NUL): use AMQP, or another name");
        }
    }
}
