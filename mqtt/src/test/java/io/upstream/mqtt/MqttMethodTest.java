// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static io.netty.handler.codec.mqtt.MqttMessageType.DISCONNECT;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBACK;
import static io.netty.handler.codec.mqtt.MqttMessageType.PUBLISH;
import static io.netty.handler.codec.mqtt.MqttMessageType.SUBSCRIBE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.mqtt.MqttMessage;
import io.upstream.Identity;
import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MqttMethodTest {
    private static final SasKey KEY = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
    private static UpstreamRuntime runtime;

    private final Later handler = new Later();
    private ScriptedPeer peer;
    private UpstreamSession session;

    /** Keeps each answer open until the test gives it. */
    private static final class Later implements MethodHandler {
        private final List<MethodRequest> requests = new ArrayList<>();
        private final List<CompletableFuture<MethodResponse>> answers = new ArrayList<>();

        @Override
        public MethodResponse onMethod(MethodRequest request) {
            requests.add(request);
            answers.add(new CompletableFuture<>());
            return MethodResponse.when(answers.get(answers.size() - 1));
        }
    }

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    @BeforeEach
    void connect() throws UpstreamException {
        UpstreamOptions options = UpstreamOptions.forHub("h.example").build();
        peer = new ScriptedPeer(runtime, options, Identity.device("d"), KEY);
        session = peer.accept();
    }

    @AfterEach
    void disconnect() {
        peer.close();
    }

    private void listen(MethodHandler next) {
        CompletionStage<Void> subscribed = session.onMethod(next);
        peer.assertSent(SUBSCRIBE);
        peer.say(Packets.subAck(Filter.METHOD_CALLS.packetId(), 0));
        subscribed.toCompletableFuture().join();
    }

    private static MqttMessage call(String name, String rid, String payload) {
        return Packets.publish(0, "$iothub/methods/POST/" + name + "/?$rid=" + rid, payload);
    }

    @ParameterizedTest
    @CsvSource({
        "reboot, 1",
        "a b%20c, 0f8c2b2e-6c2f-4b2d-9a56-3c0a1f3f7f11",
        "m, %7Bodd=id%7D",
        "größe?, é",
    })
    void answersUnderTheIdOfTheCallAsItCame(String name, String rid) {
        listen(request -> MethodResponse.of(207, request.name() + ":" + request.text()));
        peer.say(call(name, rid, "{\"n\":1}"));
        assertEquals(List.of("$iothub/methods/res/207/?$rid=" + rid + " " + name + ":{\"n\":1}"), peer.published());
    }

    @Test
    void answersWithoutAPayload() {
        listen(request -> MethodResponse.of(-1));
        peer.say(call("m", "1", ""));
        assertEquals(List.of("$iothub/methods/res/-1/?$rid=1 "), peer.published());
    }

    @Test
    void answers500WithoutTheReasonWhenTheHandlerFails() {
        listen(request -> {
            throw new IOException("a secret");
        });
        peer.say(call("m", "1", ""));
        assertEquals(List.of("$iothub/methods/res/500/?$rid=1 {\"error\":\"the method failed\"}"), peer.published());
    }

    @Test
    void answersOverlappingCallsAsTheAnswersComeAndThoseOfATurnTogether() {
        listen(handler);
        peer.say(IntStream.range(0, 20).mapToObj(i -> call("m", "r" + i, "")).toArray(MqttMessage[]::new));
        assertEquals(20, handler.requests.size());
        assertEquals(List.of(), peer.published());
        Flushes flushes = new Flushes();
        peer.channel().pipeline().addFirst(flushes);
        for (int i = 19; i >= 0; i--) {
            handler.answers.get(i).complete(MethodResponse.ok("" + i));
        }
        assertEquals(
                IntStream.range(0, 20)
                        .map(i -> 19 - i)
                        .mapToObj(i -> "$iothub/methods/res/200/?$rid=r" + i + " " + i)
                        .toList(),
                peer.published());
        assertEquals(1, flushes.count());
    }

    @Test
    void takesACallAtQosOneAndAcknowledgesItAtOnce() {
        listen(handler);
        peer.say(Packets.publish(4, "$iothub/methods/POST/m/?$rid=1", ""));
        peer.assertSent(PUBACK);
        handler.answers.get(0).complete(MethodResponse.ok());
        peer.assertSent(PUBLISH);
    }

    @Test
    void leavesCallsAloneWhileNobodyListensAndAfterABadTopic() {
        peer.say(call("m", "1", ""));
        listen(handler);
        peer.say(call("a/b", "2", ""), call("", "3", ""), call("m", "", ""), call("m", "4", ""));
        assertEquals(1, handler.requests.size());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void leavesCallsAloneWhileThePeerReadsNoAnswers() {
        listen(request -> MethodResponse.ok());
        Stuck stuck = new Stuck();
        peer.channel().pipeline().addFirst(stuck);
        for (int i = 0; i < MethodExchange.MAX_UNSENT + 10; i++) {
            peer.say(call("m", "r" + i, ""));
            peer.channel().runPendingTasks();
        }
        stuck.release();
        assertEquals(MethodExchange.MAX_UNSENT, peer.published().size());
        peer.say(call("m", "again", ""));
        assertEquals(List.of("$iothub/methods/res/200/?$rid=again "), peer.published());
    }

    @Test
    void sendsTheAnswerOfAMethodThatClosesTheSession() {
        List<CompletionStage<Void>> closed = new ArrayList<>();
        listen(request -> {
            closed.add(session.close(Duration.ofSeconds(5)));
            return MethodResponse.ok("1");
        });
        peer.say(call("restart", "1", ""));
        peer.assertSent(PUBLISH, DISCONNECT);
        assertTrue(closed.get(0).toCompletableFuture().isDone());
    }

    @Test
    void closesInTimeWhileAMethodIsNotAnswered() {
        listen(handler);
        peer.say(call("m", "1", ""));
        CompletableFuture<Void> closed = session.close(Duration.ofSeconds(5)).toCompletableFuture();
        peer.assertSent();
        assertFalse(closed.isDone());
        peer.pass(Duration.ofSeconds(5));
        peer.assertSent(DISCONNECT);
        handler.answers.get(0).complete(MethodResponse.ok());
        peer.assertSent();
        assertTrue(closed.isDone());
    }

    @Test
    void writesNoAnswerAfterTheConnectionWasLost() {
        listen(handler);
        peer.say(call("m", "1", ""));
        peer.vanish();
        handler.answers.get(0).complete(MethodResponse.ok());
        peer.assertSent();
        assertEquals(Phase.CLOSED, session.status().phase());
    }
}
