// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Disposition;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CbsNodeTest {
    private static final Map<String, Object> PUT = Map.of(
            "operation", "put-token", "type", "servicebus.windows.net:sastoken", "name", "hub.test%2Fdevices%2Fd");

    private final InMemoryHub hub = new InMemoryHub().register("d", "d/m");

    static Stream<Object> ids() {
        return Stream.of(
                "an-id", UUID.randomUUID(), UnsignedLong.valueOf(0), UnsignedLong.valueOf(300), new Binary(new byte[] {
                    1, 2, 3
                }));
    }

    @ParameterizedTest
    @MethodSource("ids")
    void givesTheMessageIdBackInItsOwnType(Object id) {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            Message reply = peer.ask(id, PUT, "token:d");
            assertEquals(id, reply.getCorrelationId());
            assertEquals(
                    Map.of("status-code", 200, "status-description", "OK"),
                    reply.getApplicationProperties().getValue());
            assertInstanceOf(
                    Integer.class, reply.getApplicationProperties().getValue().get("status-code"));
            assertNull(reply.getBody());
        }
    }

    @Test
    void answersTheLinksAsTheHubDoes() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            peer.ask(UnsignedLong.valueOf(0), PUT, "token:d");
            byte[] bytes = peer.fromHead.toByteArray();
            List<Attach> attaches = Frames.all(bytes, Attach.class);
            assertEquals(Role.RECEIVER, attaches.get(0).getRole());
            assertEquals(Role.SENDER, attaches.get(1).getRole());
            assertEquals(UnsignedInteger.ZERO, attaches.get(1).getInitialDeliveryCount());
            attaches.forEach(attach -> assertEquals(UnsignedLong.valueOf(1_048_576), attach.getMaxMessageSize()));
            assertNotNull(attaches.get(0).getTarget());
            assertEquals(100, Frames.first(bytes, Flow.class).getLinkCredit().intValue());
            Disposition disposition = Frames.first(bytes, Disposition.class);
            assertEquals(Role.RECEIVER, disposition.getRole());
            assertTrue(disposition.getSettled());
            assertInstanceOf(Accepted.class, disposition.getState());
            Transfer reply = Frames.first(bytes, Transfer.class);
            assertArrayEquals(new byte[] {1, 0, 0, 0}, reply.getDeliveryTag().getArray());
            assertEquals(UnsignedInteger.ZERO, reply.getMessageFormat());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "operation, get-token, 400",
        "operation, , 400",
        "type, jwt, 400",
        "type, , 400",
        "name, , 400",
        "name, anything, 200",
    })
    void insistsOnTheRequestsForm(String property, String value, int status) {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            Map<String, Object> properties = new HashMap<>(PUT);
            if (value == null) {
                properties.remove(property);
            } else {
                properties.put(property, value);
            }
            Message reply = peer.ask("id", properties, "token:d");
            assertEquals(status, reply.getApplicationProperties().getValue().get("status-code"));
        }
    }

    @Test
    void insistsOnAStringBody() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            Message reply = peer.ask("id", PUT, 42);
            assertEquals(400, reply.getApplicationProperties().getValue().get("status-code"));
        }
    }

    @ParameterizedTest
    @CsvSource({"token:d, 200", "token:d/m, 200", "nonsense, 401", "token:unknown, 404"})
    void answersWithTheHubsVerdict(String token, int status) {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            assertEquals(status, peer.claim(token));
        }
    }

    @Test
    void passesADisabledDevice() {
        hub.registered.put(InMemoryHub.identity("d"), false);
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            assertEquals(200, peer.claim("token:d"));
        }
    }

    @Test
    void servesMoreRequestsThanItsFirstCredit() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            for (int i = 0; i < 90; i++) {
                assertEquals(200, peer.claim("token:d"));
            }
            assertEquals(100, hubCredit(peer), 30);
        }
    }

    private static int hubCredit(AmqpPeer peer) {
        return Frames.all(peer.fromHead.toByteArray(), Flow.class).stream()
                .filter(flow -> flow.getLinkCredit() != null)
                .reduce((first, second) -> second)
                .orElseThrow()
                .getLinkCredit()
                .intValue();
    }
}
