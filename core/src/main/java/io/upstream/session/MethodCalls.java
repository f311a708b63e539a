// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse.Known;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands direct methods to the application and its answers back. At most {@link #MAX_OPEN} are with the application at a time, more are
 * answered with status 429; each gets exactly one answer while the session lives, of status 504 if the application has none after
 * {@link #LIMIT}. Confined to the event loop but for what the application is called with.
 */
public final class MethodCalls {
    public static final int MAX_OPEN = 256;

    /** The hub's callers wait no longer. Source: "Understand and invoke direct methods from IoT Hub". */
    public static final Duration LIMIT = Duration.ofMinutes(5);

    private static final Logger log = LoggerFactory.getLogger(MethodCalls.class);
    private static final Known FAILED = known(500, "{\"error\":\"the method failed\"}");
    private static final Known BUSY = known(429, "{\"error\":\"too many calls at a time\"}");
    private static final Known LATE = known(504, "{\"error\":\"the method took too long\"}");

    private final EventLoop loop;
    private final Callbacks.Lane lane;
    private @Nullable MethodHandler handler;
    private final Set<Call> open = new HashSet<>();
    private State state = State.ALIVE;

    private enum State {
        ALIVE,
        OVER
    }

    /** Nobody answers yet. */
    public MethodCalls(EventLoop loop, Callbacks callbacks) {
        this.loop = loop;
        lane = callbacks.lane();
    }

    /** Has {@code next} called from now on. */
    public void handler(MethodHandler next) {
        handler = next;
    }

    /**
     * A call has come.
     *
     * @param reply writes the answer; called on the event loop, once, and not after {@link #end}
     */
    public void call(MethodRequest request, Consumer<Known> reply) {
        MethodHandler called = handler;
        if (called == null || state == State.OVER) {
            return; // not subscribed: the hub tells its caller
        }
        if (open.size() >= MAX_OPEN) {
            reply.accept(BUSY);
            return;
        }
        Call call = new Call(request, reply);
        open.add(call);
        lane.run(() -> answer(called, request)
                .whenComplete((known, error) -> giveBack(call, error == null ? known : failed(request, error))));
    }

    /** Whether no call is with the application. */
    public boolean isIdle() {
        return open.isEmpty();
    }

    /** No answer is written any more, and the application is not asked for one. */
    public void end() {
        state = State.OVER;
        lane.end();
        open.forEach(Call::abandon);
        open.clear();
    }

    private static CompletionStage<Known> answer(MethodHandler called, MethodRequest request) {
        try {
            return called.onMethod(request).known();
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private Known failed(MethodRequest request, Throwable error) {
        lane.complain(
                "the handler of direct methods failed in '" + request.name() + "', answered with status 500", error);
        return FAILED;
    }

    private void giveBack(Call call, Known known) {
        try {
            loop.execute(() -> call.answer(known));
        } catch (RejectedExecutionException e) {
            log.debug("nobody is left to take the answer to {}", call.request);
        }
    }

    private static Known known(int status, String json) {
        return new Known(status, ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
    }

    /** A call that the application has. */
    private final class Call {
        private final MethodRequest request;
        private final Consumer<Known> reply;
        private final Future<?> alarm;

        private Call(MethodRequest request, Consumer<Known> reply) {
            this.request = request;
            this.reply = reply;
            this.alarm = loop.schedule(this::expire, LIMIT.toNanos(), TimeUnit.NANOSECONDS);
        }

        private void answer(Known known) {
            if (open.remove(this)) { // else it comes too late
                abandon();
                reply.accept(known);
            }
        }

        private void expire() {
            log.warn("nothing answered the method '{}' in time, it gets status 504", request.name());
            answer(LATE);
        }

        private void abandon() {
            alarm.cancel(false);
        }
    }
}
