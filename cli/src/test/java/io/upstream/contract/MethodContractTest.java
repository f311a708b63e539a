// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.MethodAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each call reaches the handler and gets its own answer, as the handler gave it. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class MethodContractTest extends SessionContract {
    private UpstreamSession answering(MethodHandler handler) throws Exception {
        UpstreamSession session = open();
        get(session.onMethod(handler));
        return session;
    }

    private void assertAnswer(int status, String payload, CompletionStage<MethodAnswer> call) throws Exception {
        MethodAnswer answer = get(call);
        assertEquals(status, answer.status());
        assertEquals(payload, text(answer.payload()));
    }

    private static HubError refusal(CompletionStage<MethodAnswer> call) {
        ExecutionException error = assertThrows(ExecutionException.class, () -> get(call));
        return assertInstanceOf(HubException.class, error.getCause()).error();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "null", "5", "\"ü\"", "[1,{\"größe\":\"100%\"}]", "{\"a\":\"b/c?d&e=f#g\"}"})
    void answersWithAPayload(String payload) throws Exception {
        answering(request -> MethodResponse.ok(request.payload()));
        assertAnswer(200, payload, subject.call("echo", payload));
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "204", "404", "501", "599", "100000", "-1", "2147483647", "-2147483648"})
    void answersWithAnyStatus(int status) throws Exception {
        answering(request -> MethodResponse.of(status, "{\"s\":1}"));
        assertAnswer(status, "{\"s\":1}", subject.call("any", "{}"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "set.Level-2", "größe", "a b", "a?b=c&d", "100%", "%41", "$x"})
    void isToldTheNameAsTheCallerSpeltIt(String name) throws Exception {
        BlockingQueue<MethodRequest> came = new LinkedBlockingQueue<>();
        answering(request -> {
            came.add(request);
            return MethodResponse.ok();
        });
        assertAnswer(200, "", subject.call(name, "{\"x\":1}"));
        assertEquals(name, next(came).name());
    }

    @Test
    void carriesNothingBothWays() throws Exception {
        answering(request -> MethodResponse.of(request.payload().remaining()));
        assertAnswer(0, "", subject.call("nothing", ""));
    }

    @Test
    void carriesTheLargestPayloadBothWays() throws Exception {
        String large = "\"" + "x".repeat(MethodResponse.MAX_PAYLOAD_BYTES - 2) + "\"";
        answering(request -> MethodResponse.ok(request.text()));
        assertAnswer(200, large, subject.call("large", large));
    }

    /** P34: of methods. */
    @Test
    void aHandlerThatThrowsAnswers500AndTellsNoSecret() throws Exception {
        UpstreamSession session = answering(request -> {
            if (request.name().equals("later")) {
                return MethodResponse.when(CompletableFuture.failedFuture(new IllegalStateException("secret")));
            }
            throw new IllegalStateException("secret");
        });
        for (String name : List.of("now", "later")) {
            MethodAnswer answer = get(subject.call(name, "{}"));
            assertEquals(500, answer.status());
            assertFalse(text(answer.payload()).contains("secret"));
        }
        assertEquals(2, session.statistics().incoming().failures());
        assertAlive(session);
    }

    @Test
    void theHubRefusesACallWhileNobodyListens() throws Exception {
        UpstreamSession session = open();
        CompletionStage<MethodAnswer> call = subject.call("any", "{}", Duration.ofSeconds(5));
        CompletableFuture<MethodAnswer> refused = call.toCompletableFuture();
        while (!refused.isDone()) {
            get(session.twin()); // so that the call is there, some time, before the hub's clock goes on
            site.clock.skip(Duration.ofSeconds(1));
        }
        assertEquals(HubError.DEVICE_NOT_ONLINE, refusal(call));
    }

    @Test
    void aCallThatIsNotAnsweredFailsAtTheHubAndHoldsNothingUp() throws Exception {
        BlockingQueue<String> came = new LinkedBlockingQueue<>();
        CompletableFuture<MethodResponse> never = new CompletableFuture<>();
        UpstreamSession session = answering(request -> {
            came.add(request.name());
            return request.name().equals("never") ? MethodResponse.when(never) : MethodResponse.ok();
        });
        CompletionStage<MethodAnswer> late = subject.call("never", "{}", Duration.ofSeconds(5));
        assertEquals("never", next(came));
        assertAnswer(200, "", subject.call("other", "{}"));
        site.clock.skip(Duration.ofSeconds(6));
        assertEquals(HubError.METHOD_TIMEOUT, refusal(late));
        never.complete(MethodResponse.ok("\"too late\""));
        assertAnswer(200, "", subject.call("after", "{}"));
        assertAlive(session);
    }

    @Test
    void fiftyCallsOverlap() throws Exception {
        BlockingQueue<CompletableFuture<MethodResponse>> open = new LinkedBlockingQueue<>();
        answering(request -> {
            CompletableFuture<MethodResponse> later = new CompletableFuture<>();
            open.add(later);
            return MethodResponse.when(later.thenApply(same -> MethodResponse.ok(request.text())));
        });
        List<CompletionStage<MethodAnswer>> calls = new ArrayList<>();
        IntStream.range(0, Site.CALLERS).forEach(i -> calls.add(subject.call("later", "" + i)));
        List<CompletableFuture<MethodResponse>> all = new ArrayList<>();
        while (all.size() < Site.CALLERS) {
            all.add(next(open));
        }
        for (int i = all.size() - 1; i >= 0; i--) {
            all.get(i).complete(MethodResponse.ok());
        }
        for (int i = 0; i < Site.CALLERS; i++) {
            assertAnswer(200, "" + i, calls.get(i));
        }
    }

    @Test
    void aSecondHandlerTakesThePlaceOfTheFirst() throws Exception {
        UpstreamSession session = answering(request -> MethodResponse.of(201));
        assertAnswer(201, "", subject.call("any", "{}"));
        get(session.onMethod(request -> MethodResponse.of(202)));
        assertAnswer(202, "", subject.call("any", "{}"));
    }

    @Test
    void refusesAnAnswerThatNoHubTakes() {
        String large = "x".repeat(MethodResponse.MAX_PAYLOAD_BYTES + 1);
        assertThrows(IllegalArgumentException.class, () -> MethodResponse.ok(large));
    }

    @Test
    void whatIsAskedInAHandlerIsAnsweredBesideIt() throws Exception {
        UpstreamSession session = open();
        get(session.onMethod(request -> MethodResponse.when(
                session.report("{\"called\":true}").thenApply(version -> MethodResponse.of(200, "" + version)))));
        assertTrue(Long.parseLong(text(get(subject.call("report", "{}")).payload())) > 1);
    }
}
