// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.provisioning.ServiceAnswer;
import io.upstream.provisioning.ServiceLink;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.message.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A registration's connection against another's engine. */
class RegistrationLinkTest {
    private static final Where WHERE = new Where("amqp", "provisioning service dps:5671");

    private final RegistrationPeer peer = new RegistrationPeer();
    private final Recorder heard = new Recorder();
    private final RegistrationLogin login = new RegistrationLogin(
            Registration.of("0ne1", "sensor-7", SasKey.of("a2V5")),
            UpstreamOptions.forHub("dps.example").build());

    private static final class Recorder implements ServiceLink.Listener {
        private final List<String> answers = new ArrayList<>();
        private final List<UpstreamException> causes = new ArrayList<>();

        @Override
        public void answered(ServiceAnswer answer) {
            answers.add(answer.status() + " " + answer.retryAfter() + " " + new String(answer.body(), UTF_8));
        }

        @Override
        public void lost(UpstreamException cause) {
            causes.add(cause);
        }
    }

    @AfterEach
    void leavesNothingBehind() {
        peer.close();
    }

    private CompletableFuture<Void> establish() {
        CompletableFuture<Void> established =
                login.establish(peer.channel(), WHERE).toCompletableFuture();
        peer.exchange();
        return established;
    }

    private ServiceLink open() {
        establish().join();
        login.link().listen(heard);
        return login.link();
    }

    private static UpstreamException failure(CompletableFuture<Void> established) {
        return assertInstanceOf(
                UpstreamException.class,
                assertThrows(CompletionException.class, established::join).getCause());
    }

    private Message answer(Object correlation, String body) {
        Message answer = Proton.message();
        answer.setCorrelationId(correlation);
        answer.setBody(new Data(new Binary(body.getBytes(UTF_8))));
        return answer;
    }

    @Test
    void logsInByTheNameOfTheRegistrationAndAToken() {
        open();
        String[] plain = new String(peer.saslResponse(), UTF_8).split("\0", -1);
        assertEquals("", plain[0]);
        assertEquals("0ne1/registrations/sensor-7", plain[1]);
        assertTrue(plain[2].startsWith("SharedAccessSignature sr=0ne1%2Fregistrations%2Fsensor-7&sig="), plain[2]);
        assertEquals("dps.example", peer.hostname());
        assertEquals(List.of("0ne1/registrations/sensor-7", "0ne1/registrations/sensor-7"), peer.addresses());
        assertEquals("2019-03-31", peer.linkProperty("com.microsoft:api-version"));
    }

    @Test
    void saysWhatToCheckWhenSaslIsRefused() {
        peer.refuseSasl();
        UpstreamException refused = failure(establish());
        assertEquals(FailureKind.UNAUTHORIZED, refused.kind());
        assertTrue(
                String.valueOf(refused.getMessage()).contains("'sensor-7' in id scope 0ne1 in the SASL login: check"));
    }

    @Test
    void saysWhyTheLinksAreRefused() {
        peer.refuseLinks("amqp:unauthorized-access", "{\"errorCode\":401002,\"message\":\"Unauthorized\"}");
        UpstreamException refused = failure(establish());
        assertEquals(FailureKind.UNAUTHORIZED, refused.kind());
        assertTrue(String.valueOf(refused.getMessage()).contains("error 401002"), refused.getMessage());
    }

    @Test
    void registersAndAsksWithAnIdForEachRequest() {
        ServiceLink link = open();
        link.register("{\"a\":1}".getBytes(UTF_8));
        peer.exchange();
        Message register = peer.requests().get(0);
        assertEquals(
                "iotdps-register",
                register.getApplicationProperties().getValue().get("iotdps-operation-type"));
        assertEquals(
                "{\"a\":1}", new String(((Data) register.getBody()).getValue().getArray(), UTF_8));
        Message assigning = answer(register.getCorrelationId(), "assigning");
        RegistrationPeer.property(assigning, "retry-after", 3);
        peer.answer(assigning);
        assertEquals(List.of("200 PT3S assigning"), heard.answers);

        link.query("4.op");
        peer.exchange();
        Message query = peer.requests().get(1);
        assertEquals(
                "iotdps-get-operationstatus",
                query.getApplicationProperties().getValue().get("iotdps-operation-type"));
        assertEquals("4.op", query.getApplicationProperties().getValue().get("iotdps-operation-id"));
        assertEquals("", ((AmqpValue) query.getBody()).getValue());
        assertNotEquals(register.getCorrelationId(), query.getCorrelationId());
        peer.answer(answer(register.getCorrelationId(), "late"));
        peer.answer(answer(query.getCorrelationId(), "assigned"));
        assertEquals(List.of("200 PT3S assigning", "200 null assigned"), heard.answers);
    }

    @Test
    void takesARejectedRequestForARefusalWithANumber() {
        peer.rejectRequests("amqp:internal-error", "{\"errorCode\":429001,\"message\":\"slow down\"}");
        open().register("{}".getBytes(UTF_8));
        peer.exchange();
        assertEquals(List.of("429 PT4S {\"errorCode\":429001,\"message\":\"slow down\"}"), heard.answers);
        assertEquals(List.of(), heard.causes);
    }

    @Test
    void takesARejectedRequestWithoutANumberForTheEnd() {
        peer.rejectRequests("amqp:not-found", "no such thing");
        open().register("{}".getBytes(UTF_8));
        peer.exchange();
        assertEquals(FailureKind.NOT_FOUND, heard.causes.get(0).kind());
    }

    @Test
    void refusesAnAnswerThatIsTooLong() {
        ServiceLink link = open();
        link.register("{}".getBytes(UTF_8));
        peer.exchange();
        peer.answer(answer(peer.requests().get(0).getCorrelationId(), "x".repeat(ServiceLink.MAX_ANSWER_BYTES)));
        assertEquals(List.of(), heard.answers);
        assertEquals(FailureKind.PROTOCOL, heard.causes.get(0).kind());
    }

    @Test
    void tellsThatTheConnectionIsLost() {
        open().register("{}".getBytes(UTF_8));
        peer.channel().close();
        assertEquals(FailureKind.CLOSED_BY_PEER, heard.causes.get(0).kind());
    }

    @Test
    void saysGoodbyeAndCloses() {
        open().close();
        peer.exchange();
        assertTrue(peer.sawClose());
        assertFalse(peer.channel().isOpen());
        assertEquals(List.of(), heard.causes);
    }
}
