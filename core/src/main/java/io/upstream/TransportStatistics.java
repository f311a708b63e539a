// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * What has happened in a transport since it was made, closed sessions included. Immutable.
 *
 * @param protocols by the protocol that was spoken or tried; one for each of {@link UpstreamOptions#protocols}
 */
public record TransportStatistics(Map<UpstreamProtocol, OfProtocol> protocols) {
    public TransportStatistics {
        protocols = Map.copyOf(protocols);
    }

    /** All sessions, whatever they speak. */
    public SessionStatistics sessions() {
        return protocols.values().stream()
                .map(OfProtocol::sessions)
                .reduce(SessionStatistics.NONE, SessionStatistics::plus);
    }

    /** Both together; they have no protocol in common. */
    TransportStatistics and(TransportStatistics other) {
        Map<UpstreamProtocol, OfProtocol> all = new EnumMap<>(UpstreamProtocol.class);
        all.putAll(protocols);
        all.putAll(other.protocols);
        return new TransportStatistics(all);
    }

    /**
     * What has happened in one protocol.
     *
     * @param openSessions sessions that are not closed, those that are being opened included
     * @param sessions all that ever were, added up
     */
    public record OfProtocol(int openSessions, SessionStatistics sessions, Wire wire) {}

    /**
     * The connections, which sessions share under AMQP.
     *
     * @param open at present, those that are still logging in included
     * @param openThroughProxy of these
     * @param attempts begun
     * @param bytesSent on the wire: TLS, WebSocket, protocol and tunnel included; without TCP and IP
     * @param bytesReceived likewise
     * @param stages how long the layers took in attempts that are over, by their names: {@code plan}, {@code resolve}, {@code tcp}, {@code
     *     tunnel}, {@code tls}, {@code websocket}, {@code mqtt}, {@code amqp} …
     * @param failures how many attempts failed, by kind
     */
    public record Wire(
            int open,
            int openThroughProxy,
            long attempts,
            long bytesSent,
            long bytesReceived,
            Map<String, Stage> stages,
            Map<FailureKind, Long> failures) {
        public Wire {
            stages = Map.copyOf(stages);
            failures = Map.copyOf(failures);
        }
    }

    /**
     * One layer in many attempts.
     *
     * @param count how often it was begun and came to an end, good or bad
     * @param time all added up
     * @param longest of all
     */
    public record Stage(long count, Duration time, Duration longest) {}
}
