// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.provisioning.ProvisioningError;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.ProvisioningService;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.security.SaslCode;
import org.apache.qpid.proton.amqp.security.SaslOutcome;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProvisioningNodeTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ADDRESS = "0neTEST/registrations/dev-1";

    private final HubCore hub = new HubCore("hub.example", Clock.systemUTC(), Duration.ZERO);
    private final ProvisioningService service = new ProvisioningService(hub, "0neTEST");
    private final AmqpHead head = new AmqpHead(hub, service);

    @BeforeEach
    void enrol() {
        service.enrol("dev-1", Tokens.KEY);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096})
    void assignsADevice(int cut) throws Exception {
        try (AmqpPeer peer = plain(cut)) {
            Receiver receiver = peer.receiver("/" + ADDRESS, 10);
            Sender sender = peer.sender(ADDRESS);
            Delivery sent = ask(peer, sender, "iotdps-register", null, "{\"registrationId\":\"dev-1\"}");
            assertInstanceOf(Accepted.class, sent.getRemoteState());
            Message assigning = AmqpPeer.receive(receiver);
            assertEquals("an-id", assigning.getCorrelationId());
            assertEquals(2, assigning.getApplicationProperties().getValue().get("retry-after"));
            String operation = body(assigning).get("operationId").asText();
            ask(peer, sender, "iotdps-get-operationstatus", operation, null);
            Message assigned = AmqpPeer.receive(receiver);
            assertNull(assigned.getApplicationProperties().getValue().get("retry-after"));
            assertEquals(
                    "hub.example",
                    body(assigned).at("/registrationState/assignedHub").asText());
            ask(peer, sender, "iotdps-get-registration", null, null);
            assertEquals(
                    "dev-1", body(AmqpPeer.receive(receiver)).get("deviceId").asText());
        }
    }

    @Test
    void keepsAnswersUntilThereIsCredit() throws Exception {
        try (AmqpPeer peer = plain(1024)) {
            Sender sender = peer.sender(ADDRESS);
            ask(peer, sender, "iotdps-register", null, "{}");
            Receiver receiver = peer.receiver(ADDRESS, 1);
            assertEquals(
                    "assigning", body(AmqpPeer.receive(receiver)).get("status").asText());
        }
    }

    @Test
    void rejectsWhatItRefusesAndSaysWhy() throws Exception {
        try (AmqpPeer peer = plain(1024)) {
            Sender sender = peer.sender(ADDRESS);
            assertEquals(
                    400_004,
                    error(ask(peer, sender, "iotdps-unheard-of", null, "{}"))
                            .get("errorCode")
                            .asInt());
            assertEquals(
                    400_004,
                    error(ask(peer, sender, "iotdps-register", null, "["))
                            .get("errorCode")
                            .asInt());
            assertEquals(
                    404_202,
                    error(ask(peer, sender, "iotdps-get-operationstatus", "4.1.2", null))
                            .get("errorCode")
                            .asInt());
            service.throttle(id -> {
                throw new ProvisioningException(ProvisioningError.THROTTLED, "too many", Duration.ofSeconds(4));
            });
            Delivery throttled = ask(peer, sender, "iotdps-register", null, "{}");
            assertEquals(429_001, error(throttled).get("errorCode").asInt());
            ErrorCondition condition = ((Rejected) throttled.getRemoteState()).getError();
            assertEquals(4, condition.getInfo().get(Symbol.valueOf("retry-after")));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0neTEST/registrations/dev-1, OK",
        "0neTEST/registrations/dev-2, AUTH",
        "0neOTHER/registrations/dev-1, AUTH",
    })
    void checksAPlainUserAndItsToken(String user, SaslCode expected) {
        try (AmqpPeer peer = new AmqpPeer(head, 1024)) {
            peer.transport.sasl().plain(user, token());
            peer.open();
            assertEquals(
                    expected,
                    Frames.first(peer.fromHead.toByteArray(), SaslOutcome.class).getCode());
        }
    }

    @Test
    void refusesLinksWithoutATokenOrACertificateAndForOthers() {
        try (AmqpPeer anonymous = new AmqpPeer(head, 1024).open();
                AmqpPeer other = plain(1024)) {
            assertUnauthorized(anonymous.sender(ADDRESS));
            assertUnauthorized(other.sender("0neTEST/registrations/dev-2"));
        }
    }

    @Test
    void servesNobodyElseAtItsOwnEntrance() {
        try (AmqpPeer peer = new AmqpPeer(head.provisioningOnly(), 1024).open()) {
            for (String address : new String[] {"$cbs", "/devices/dev-1/messages/events"}) {
                Sender refused = peer.sender(address);
                assertEquals(EndpointState.CLOSED, refused.getRemoteState());
                assertEquals(
                        "amqp:not-found",
                        refused.getRemoteCondition().getCondition().toString());
            }
        }
        try (AmqpPeer peer = new AmqpPeer(head, 1024).open()) {
            assertEquals(EndpointState.ACTIVE, peer.sender("$cbs").getRemoteState());
        }
    }

    private AmqpPeer plain(int cut) {
        AmqpPeer peer = new AmqpPeer(head, cut);
        peer.transport.sasl().plain(ADDRESS, token());
        return peer.open();
    }

    private static String token() {
        return Tokens.token(ADDRESS, Tokens.KEY, Instant.now().plusSeconds(60)) + "&skn=";
    }

    private static Delivery ask(
            AmqpPeer peer, Sender sender, String operation, @Nullable String operationId, @Nullable String body) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("iotdps-operation-type", operation);
        if (operationId != null) {
            properties.put("iotdps-operation-id", operationId);
        }
        Message request = Proton.message();
        request.setCorrelationId("an-id");
        request.setApplicationProperties(new ApplicationProperties(properties));
        if (body != null) {
            request.setBody(new Data(new Binary(body.getBytes(StandardCharsets.UTF_8))));
        }
        return peer.send(sender, 0, AmqpPeer.encode(request));
    }

    private static JsonNode body(Message message) throws Exception {
        Binary bytes = ((Data) message.getBody()).getValue();
        return JSON.readTree(bytes.getArray(), bytes.getArrayOffset(), bytes.getLength());
    }

    private static JsonNode error(Delivery refused) throws Exception {
        Rejected rejected = assertInstanceOf(Rejected.class, refused.getRemoteState());
        return JSON.readTree(rejected.getError().getDescription());
    }

    private static void assertUnauthorized(Sender sender) {
        assertEquals(EndpointState.CLOSED, sender.getRemoteState());
        ErrorCondition condition = sender.getRemoteCondition();
        assertEquals("amqp:unauthorized-access", condition.getCondition().toString());
        assertTrue(condition.getDescription().contains("401002"), condition.getDescription());
        assertFalse(condition.getDescription().contains("sig="));
    }
}
