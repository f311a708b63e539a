// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.upstream.Telemetry;
import io.upstream.UpstreamOptions;
import io.upstream.session.Callbacks;
import io.upstream.session.Outbox;
import io.upstream.session.Send;
import io.upstream.session.SharedRoom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A message's way from the thread that sends it to the event loop, and its acknowledgement back, with nothing in between: what a session
 * costs beside its protocol.
 */
@State(Scope.Benchmark)
public class SubmitBenchmark extends CodecBenchmark {
    /** At once, before all are waited for. */
    static final int BURST = 256;

    /** Of which there is one: the row's name has it. */
    public enum Codec {
        UPSTREAM
    }

    /** Whose outbox. */
    @Param
    public Codec codec = Codec.UPSTREAM;

    private final Telemetry telemetry = Telemetry.of(new byte[64]);
    private final List<CompletableFuture<Void>> burst = new ArrayList<>(BURST);
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Outbox outbox = outbox();

    private Outbox outbox() {
        EventLoop loop = loops.next();
        UpstreamOptions options = UpstreamOptions.forHub("hub.example.com")
                .outbox(2 * BURST, 1 << 20)
                .build();
        return new Outbox(
                loop,
                new Callbacks(Runnable::run),
                options,
                new SharedRoom(1L << 28),
                this::acknowledgeAll,
                System::nanoTime);
    }

    private void acknowledgeAll() {
        for (Send send = outbox.next(); send != null; send = outbox.next()) {
            send.succeed();
        }
    }

    /** Fails if one is not acknowledged. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public void submit() {
        for (int i = 0; i < BURST; i++) {
            CompletionStage<Void> stage = outbox.submit(telemetry);
            burst.add(stage.toCompletableFuture());
        }
        for (CompletableFuture<Void> each : burst) {
            each.join(); // parks: a thread that spins would keep the event loop from a processor where there are few
        }
        burst.clear();
    }

    @TearDown
    public void stop() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
