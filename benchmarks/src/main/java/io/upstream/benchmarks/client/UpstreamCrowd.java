// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.Identity;
import io.upstream.Telemetry;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Upstream: one transport on one runtime, all identities asked for at once. */
final class UpstreamCrowd implements Crowd, AutoCloseable {
    private static final int AS_FAST_AS_CAN_BE = 10_000;

    private final Endpoint endpoint;
    private final UpstreamRuntime runtime;
    private final UpstreamTransport transport;
    private final Queue<UpstreamSession> sessions = new ConcurrentLinkedQueue<>();

    /** Nobody else waits to be let in more slowly than it can be done. */
    UpstreamCrowd(Endpoint endpoint) {
        this(endpoint, AS_FAST_AS_CAN_BE, UpstreamOptions.DEFAULT_CONNECT_TIMEOUT);
    }

    /** @param connectTimeout of each, in which it also waits for its turn */
    UpstreamCrowd(Endpoint endpoint, int connectsPerSecond, Duration connectTimeout) {
        this.endpoint = endpoint;
        this.runtime =
                UpstreamRuntime.builder().connectsPerSecond(connectsPerSecond).build();
        this.transport = UpstreamTransport.create(
                UpstreamClient.options(endpoint).toBuilder()
                        .connectTimeout(connectTimeout)
                        .build(),
                runtime);
    }

    @Override
    public Tally.Outcome open(int identities, Duration limit) throws InterruptedException {
        Tally tally = new Tally(identities);
        for (int i = 0; i < identities; i++) {
            transport
                    .open(Identity.device(endpoint.identity(i)), UpstreamClient.KEY)
                    .whenComplete((session, failure) -> {
                        if (failure == null) {
                            sessions.add(session);
                        }
                        tally.done(failure);
                    });
        }
        return tally.await(limit);
    }

    @Override
    public Tally.Outcome send(byte[] payload, Duration limit) throws InterruptedException {
        Telemetry message = UpstreamClient.template().withPayload(payload);
        Tally tally = new Tally(sessions.size());
        sessions.forEach(session -> session.send(message).whenComplete((done, failure) -> tally.done(failure)));
        return tally.await(limit);
    }

    @Override
    public int harnessThreads() {
        return 0;
    }

    @Override
    public void close() {
        transport.close();
        runtime.close();
    }
}
