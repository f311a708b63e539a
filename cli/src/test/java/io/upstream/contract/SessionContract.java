// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.Phase;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.hub.Throttle;
import io.upstream.testing.SecretScan;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;

/** One part of the contract, run once for each of the speakers that it names; each test has an identity of its own. */
@ExtendWith(Site.AtHand.class)
abstract class SessionContract {
    static final Duration SOON = Duration.ofSeconds(20);

    @Parameter
    Speaker speaker;

    Site site;
    Subject subject;
    private final List<UpstreamTransport> transports = new ArrayList<>();

    @BeforeEach
    void register(Site atHand) {
        site = atHand;
        subject = site.newSubject(speaker.role());
    }

    @AfterEach
    void closeTransports() {
        site.hub.throttle(Throttle.NONE);
        transports.forEach(UpstreamTransport::close);
    }

    /** A session of this test's identity. */
    UpstreamSession open() throws Exception {
        return open(options -> options);
    }

    UpstreamSession open(UnaryOperator<UpstreamOptions.Builder> more) throws Exception {
        return open(transport(more, site.runtime), subject);
    }

    static UpstreamSession open(UpstreamTransport transport, Subject subject) throws Exception {
        return get(transport.open(subject.identity(), subject.credentials()));
    }

    /** A transport that is closed after the test. */
    UpstreamTransport transport(UnaryOperator<UpstreamOptions.Builder> more, UpstreamRuntime runtime) {
        UpstreamTransport transport = UpstreamTransport.create(
                more.apply(site.options(speaker.protocol())).build(), runtime);
        transports.add(transport);
        return transport;
    }

    static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    static UpstreamException failure(CompletionStage<?> stage) {
        ExecutionException error = assertThrows(ExecutionException.class, () -> get(stage));
        SecretScan.look("an exception", error);
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(SOON.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(next, "nothing came");
        return next;
    }

    static String text(ByteBuffer bytes) {
        return StandardCharsets.UTF_8.decode(bytes).toString();
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static void assertAlive(UpstreamSession session) {
        assertEquals(Phase.CONNECTED, session.status().phase());
        assertNull(session.status().cause());
    }
}
