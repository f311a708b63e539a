// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.RegistrationChoice.Candidate;
import io.upstream.UpstreamException.Where;
import io.upstream.spi.ProvisioningProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RegistrationChoiceTest {
    private static final Assignment ASSIGNMENT =
            Assignment.of("hub.example", Identity.device("d"), "", null, UpstreamProtocol.AMQP);

    private final UpstreamRuntime runtime = UpstreamRuntime.create();
    private final AtomicLong clock = new AtomicLong();
    private final List<Asked> asked = new ArrayList<>();
    private final CompletableFuture<Assignment> outcome = choice();

    /** One attempt of the provider below. */
    private record Asked(
            UpstreamProtocol protocol,
            Duration connectTimeout,
            Duration timeout,
            CompletionStage<?> wanted,
            CompletableFuture<Assignment> end) {
        void fail(FailureKind kind) {
            end.completeExceptionally(failed(kind));
        }
    }

    private static UpstreamException failed(FailureKind kind) {
        return UpstreamException.of(kind, new Where("tcp", "there"), "it failed");
    }

    private final class Scripted implements ProvisioningProvider {
        @Override
        public Set<UpstreamProtocol> protocols() {
            return EnumSet.allOf(UpstreamProtocol.class);
        }

        @Override
        public CompletionStage<Assignment> register(
                UpstreamProtocol protocol,
                UpstreamOptions service,
                Registration registration,
                UpstreamRuntime shared,
                CompletionStage<?> wanted) {
            CompletableFuture<Assignment> end = new CompletableFuture<>();
            asked.add(new Asked(protocol, service.connectTimeout(), registration.timeout(), wanted, end));
            return end;
        }
    }

    private CompletableFuture<Assignment> choice() {
        UpstreamOptions service = UpstreamOptions.forHub("dps.example")
                .connectTimeout(Duration.ofSeconds(50))
                .build();
        Registration registration = Registration.of("0ne1", "d", SasKey.of("a2V5"));
        List<Candidate> candidates = service.protocols().stream()
                .map(protocol -> new Candidate(protocol, new Scripted()))
                .toList();
        return new RegistrationChoice(candidates, service, registration, runtime, clock::get).start(Runnable::run);
    }

    @AfterEach
    void close() {
        runtime.close();
    }

    private Throwable failure() {
        return assertThrows(CompletionException.class, outcome::join).getCause();
    }

    @Test
    void tellsTheAssignment() {
        asked.get(0).end().complete(ASSIGNMENT);
        assertSame(ASSIGNMENT, outcome.join());
        assertEquals(1, asked.size());
    }

    @Test
    void sharesOneDeadlineAmongAllProtocols() {
        assertEquals(Duration.ofSeconds(60), asked.get(0).timeout());
        assertEquals(Duration.ofSeconds(30), asked.get(0).connectTimeout());

        clock.addAndGet(Duration.ofSeconds(20).toNanos());
        asked.get(0).fail(FailureKind.TIMEOUT);

        assertEquals(UpstreamProtocol.AMQP_WS, asked.get(1).protocol());
        assertEquals(Duration.ofSeconds(40), asked.get(1).timeout());
        assertEquals(Duration.ofSeconds(40), asked.get(1).connectTimeout());
        asked.get(1).end().complete(ASSIGNMENT);
        assertSame(ASSIGNMENT, outcome.join());
    }

    @Test
    void failsWithTheLastCauseAndKeepsTheFirst() {
        asked.get(0).fail(FailureKind.REFUSED);
        asked.get(1).fail(FailureKind.PROXY_DENIED);
        UpstreamException last = (UpstreamException) failure();
        assertEquals(FailureKind.PROXY_DENIED, last.kind());
        assertEquals(1, last.getSuppressed().length);
    }

    @ParameterizedTest
    @EnumSource(names = {"UNAUTHORIZED", "NOT_FOUND", "DEVICE_DISABLED", "THROTTLED", "CLOSED"})
    void triesNoOtherProtocolWhenThatWouldMeetTheSame(FailureKind kind) {
        asked.get(0).fail(kind);
        assertEquals(kind, ((UpstreamException) failure()).kind());
        assertEquals(1, asked.size());
    }

    @Test
    void triesNoOtherProtocolWhenTheTimeIsOver() {
        clock.addAndGet(Duration.ofSeconds(60).toNanos());
        asked.get(0).fail(FailureKind.TIMEOUT);
        assertEquals(FailureKind.TIMEOUT, ((UpstreamException) failure()).kind());
        assertEquals(1, asked.size());
    }

    @Test
    void passesACancellationOnAndTriesNoOtherProtocol() {
        assertFalse(asked.get(0).wanted().toCompletableFuture().isDone());
        outcome.cancel(false);
        assertTrue(asked.get(0).wanted().toCompletableFuture().isDone());
        asked.get(0).fail(FailureKind.REFUSED);
        assertEquals(1, asked.size());
    }

    @Test
    void saysWhichModuleIsMissing() {
        UpstreamOptions service = UpstreamOptions.forHub("dps.example")
                .protocol(UpstreamProtocol.MQTT_WS)
                .build();
        Registration registration = Registration.of("0ne1", "d", SasKey.of("a2V5"));
        IllegalStateException missing =
                assertThrows(IllegalStateException.class, () -> Provisioning.register(service, registration));
        assertTrue(String.valueOf(missing.getMessage()).contains("upstream-mqtt"), missing.getMessage());
    }
}
