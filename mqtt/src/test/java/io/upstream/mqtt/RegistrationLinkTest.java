// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.netty.util.ReferenceCountUtil;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.provisioning.ServiceAnswer;
import io.upstream.provisioning.ServiceLink;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A registration's connection against a peer that speaks through Netty's codec. */
class RegistrationLinkTest {
    private static final Where WHERE = new Where("mqtt", "provisioning service dps:8883");
    private static final String ANSWER = "$dps/registrations/res/";

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final EmbeddedChannel encoder = new EmbeddedChannel(MqttEncoder.INSTANCE);
    private final EmbeddedChannel decoder = new EmbeddedChannel(new MqttDecoder(1 << 20));
    private final Recorder heard = new Recorder();

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
        channel.finishAndReleaseAll();
        encoder.finishAndReleaseAll();
        decoder.finishAndReleaseAll();
    }

    private void say(MqttMessage packet) {
        encoder.writeOutbound(packet);
        for (ByteBuf part = encoder.readOutbound(); part != null; part = encoder.readOutbound()) {
            channel.writeInbound(part);
        }
    }

    private <T extends MqttMessage> T next(Class<T> type) {
        channel.runPendingTasks();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            decoder.writeInbound(part);
        }
        MqttMessage packet = decoder.readInbound();
        T expected = assertInstanceOf(type, packet);
        ReferenceCountUtil.release(packet);
        return expected;
    }

    private static RegistrationLogin login(Credentials credentials) {
        Registration registration = Registration.of("0ne1", "sensor-7", credentials);
        return new RegistrationLogin(
                registration,
                UpstreamOptions.forHub("dps").productInfo("gate/1").build());
    }

    /** Through CONNACK and SUBACK, with a listener. */
    private ServiceLink open() {
        RegistrationLogin login = login(SasKey.of("a2V5"));
        CompletableFuture<Void> established = login.establish(channel, WHERE).toCompletableFuture();
        next(MqttConnectMessage.class);
        say(Packets.connAck(0));
        MqttSubscribeMessage subscribe = next(MqttSubscribeMessage.class);
        assertEquals(
                ANSWER + "#", subscribe.payload().topicSubscriptions().get(0).topicFilter());
        assertFalse(established.isDone());
        say(Packets.subAck(subscribe.variableHeader().messageId(), 1));
        established.join();
        login.link().listen(heard);
        return login.link();
    }

    private static FailureKind failure(CompletableFuture<Void> established) {
        UpstreamException cause = assertInstanceOf(
                UpstreamException.class,
                assertThrows(CompletionException.class, established::join).getCause());
        assertTrue(String.valueOf(cause.getMessage()).startsWith("provisioning service dps:8883 "), cause.getMessage());
        return cause.kind();
    }

    @Test
    void saysWhoRegisters() {
        login(SasKey.of("a2V5")).establish(channel, WHERE);
        MqttConnectMessage connect = next(MqttConnectMessage.class);
        assertEquals("sensor-7", connect.payload().clientIdentifier());
        assertEquals(
                "0ne1/registrations/sensor-7/api-version=2019-03-31&ClientVersion=upstream-java%20gate%2F1",
                connect.payload().userName());
        String token = new String(connect.payload().passwordInBytes(), UTF_8);
        assertTrue(token.startsWith("SharedAccessSignature sr=0ne1%2Fregistrations%2Fsensor-7&sig="), token);
        assertTrue(token.endsWith("&skn=registration"), token);
        assertTrue(connect.variableHeader().isCleanSession());
        assertEquals(180, connect.variableHeader().keepAliveTimeSeconds());
    }

    @Test
    void showsAReadyTokenAsItIs() {
        SasToken token = SasToken.of("SharedAccessSignature sr=x&sig=y&se=1");
        login(token).establish(channel, WHERE);
        assertEquals(
                token.text(),
                new String(next(MqttConnectMessage.class).payload().passwordInBytes(), UTF_8));
    }

    @ParameterizedTest
    @CsvSource({"1, PROTOCOL", "2, UNAUTHORIZED", "3, SERVER_ERROR", "4, UNAUTHORIZED", "5, UNAUTHORIZED"})
    void saysWhatARefusedLoginMeans(int code, FailureKind kind) {
        CompletableFuture<Void> established =
                login(SasKey.of("a2V5")).establish(channel, WHERE).toCompletableFuture();
        say(Packets.connAck(code));
        assertEquals(kind, failure(established));
    }

    @Test
    void saysThatTheSubscriptionWasRefused() {
        CompletableFuture<Void> established =
                login(SasKey.of("a2V5")).establish(channel, WHERE).toCompletableFuture();
        say(Packets.connAck(0));
        say(Packets.subAck(1, 0x80));
        assertEquals(FailureKind.UNAUTHORIZED, failure(established));
    }

    @Test
    void registersAndAsksWithAnIdForEachRequest() {
        ServiceLink link = open();
        link.register("{}".getBytes(UTF_8));
        MqttPublishMessage register = next(MqttPublishMessage.class);
        assertEquals(
                "$dps/registrations/PUT/iotdps-register/?$rid=1",
                register.variableHeader().topicName());
        assertEquals(MqttQoS.AT_LEAST_ONCE, register.fixedHeader().qosLevel());
        say(Packets.pubAck(register.variableHeader().packetId()));
        say(Packets.publish(9, ANSWER + "202/?$rid=1&retry-after=3", "assigning"));
        assertEquals(
                MqttMessageType.PUBACK, next(MqttMessage.class).fixedHeader().messageType());
        assertEquals(List.of("202 PT3S assigning"), heard.answers);

        link.query("4.op");
        assertEquals(
                "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.op",
                next(MqttPublishMessage.class).variableHeader().topicName());
        say(Packets.publish(0, ANSWER + "202/?$rid=1", "late"));
        say(Packets.publish(0, "elsewhere", "stray"));
        say(Packets.publish(0, ANSWER + "what/?$rid=2", "odd"));
        say(Packets.publish(0, ANSWER + "200/?$rid=2", "assigned"));
        assertEquals(List.of("202 PT3S assigning", "200 null assigned"), heard.answers);
        assertEquals(List.of(), heard.causes);
    }

    @Test
    void refusesAnAnswerThatIsTooLong() {
        ServiceLink link = open();
        link.register(new byte[0]);
        say(Packets.publish(0, ANSWER + "200/?$rid=1", "x".repeat(ServiceLink.MAX_ANSWER_BYTES + 1)));
        assertEquals(FailureKind.PROTOCOL, heard.causes.get(0).kind());
        assertEquals(List.of(), heard.answers);
    }

    @Test
    void asksForNoOperationWhoseIdWouldChangeTheTopic() {
        open().query("a/#");
        assertEquals(FailureKind.PROTOCOL, heard.causes.get(0).kind());
    }

    @Test
    void tellsThatTheConnectionIsLost() {
        open().register(new byte[0]);
        channel.close();
        assertEquals(1, heard.causes.size());
        assertEquals(FailureKind.CLOSED_BY_PEER, heard.causes.get(0).kind());
    }

    @Test
    void saysGoodbyeAndCloses() {
        ServiceLink link = open();
        link.close();
        assertEquals(
                MqttMessageType.DISCONNECT,
                next(MqttMessage.class).fixedHeader().messageType());
        channel.advanceTimeBy(Duration.ofSeconds(2).toNanos(), TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        assertFalse(channel.isOpen());
        assertEquals(List.of(), heard.causes);
        assertNull(decoder.readInbound());
    }
}
