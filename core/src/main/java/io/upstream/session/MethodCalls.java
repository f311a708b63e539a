// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse.Known;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands direct methods to the application and its answers back. At most {@link #MAX_OPEN} are with the application at a time, more are
 * answered with status 429; each gets exactly one answer while the session lives. Confined to the event loop but for what the
 * application is called with.
 */
public final class MethodCalls {
    /** The hub's callers wait five minutes at most, so that this is what a slow handler can hold. */
    public static final int MAX_OPEN = 256;

    private static final Logger log = LoggerFactory.getLogger(MethodCalls.class);
    private static final Known FAILED = known(500, "{\"error\":\"the method failed\"}");
    private static final Known BUSY = known(429, "{\"error\":\"too many calls at a time\"}");

    private final EventLoop loop;
    private final Callbacks callbacks;
    private @Nullable MethodHandler handler;
    private State state = State.ALIVE;
    private int open;

    private enum State {
        ALIVE,
        OVER
    }

    /** Nobody answers yet. */
    public MethodCalls(EventLoop loop, Callbacks callbacks) {
        this.loop = loop;
        this.callbacks = callbacks;
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
        if (open >= MAX_OPEN) {
            reply.accept(BUSY);
            return;
        }
        open++;
        callbacks.run(() -> answer(called, request)
                .whenComplete(
                        (known, error) -> giveBack(request, reply, error == null ? known : failed(request, error))));
    }

    /** No answer is written any more. */
    public void end() {
        state = State.OVER;
    }

    private static CompletionStage<Known> answer(MethodHandler called, MethodRequest request) {
        try {
            return called.onMethod(request).known();
        } catch (Throwable e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static Known failed(MethodRequest request, Throwable error) {
        log.warn("the handler of direct methods failed in '{}', answered with status 500", request.name(), error);
        return FAILED;
    }

    private void giveBack(MethodRequest request, Consumer<Known> reply, Known known) {
        try {
            loop.execute(() -> {
                open--;
                if (state == State.ALIVE) {
                    reply.accept(known);
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("nobody is left to take the answer to {}", request);
        }
    }

    private static Known known(int status, String json) {
        return new Known(status, ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
    }
}
