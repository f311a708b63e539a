// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One session on a transport of its own, for the length of a command. */
final class Link implements AutoCloseable {
    /** Beyond the library's own deadlines, which are expected to end every wait. */
    private static final Duration GRACE = Duration.ofSeconds(5);

    private static final Duration GOODBYE = Duration.ofSeconds(2);

    private final Target target;
    private final UpstreamTransport transport;
    private final UpstreamSession session;

    private Link(Target target, UpstreamTransport transport, UpstreamSession session) {
        this.target = target;
        this.transport = transport;
        this.session = session;
    }

    /** Connects; blocks until the hub has accepted the identity. */
    static Link open(Target target, StopSignal stop) throws UpstreamException, StoppedException, InterruptedException {
        UpstreamTransport transport = UpstreamTransport.create(target.options());
        boolean open = false;
        try {
            Duration limit = target.options()
                    .connectTimeout()
                    .multipliedBy(target.options().protocols().size());
            UpstreamSession session = await(transport.open(target.identity(), target.credentials()), limit, stop);
            open = true;
            return new Link(target, transport, session);
        } catch (UpstreamException e) {
            throw ofAll(target.options().protocols(), e);
        } finally {
            if (!open) {
                end(transport, Duration.ZERO);
            }
        }
    }

    /** Earlier protocols' failures are suppressed in the last one's: with several tried, the message says so. */
    static UpstreamException ofAll(List<UpstreamProtocol> protocols, UpstreamException last) {
        int tried = Math.min(protocols.size(), last.getSuppressed().length + 1);
        if (tried == 1) {
            return last;
        }
        String names =
                protocols.stream().limit(tried).map(UpstreamProtocol::wireName).collect(Collectors.joining(", "));
        return UpstreamException.of(
                last.kind(),
                new Where(last.stage(), last.hop()),
                last.getMessage() + " (tried " + names + "; this is about the last)",
                last);
    }

    UpstreamSession session() {
        return session;
    }

    UpstreamProtocol protocol() {
        return session.protocol();
    }

    /** The proxy in between, or null. */
    @Nullable
    String proxy() throws UpstreamException {
        return target.proxyFor(session.protocol());
    }

    /** Lets what is under way finish for two seconds at most. */
    @Override
    public void close() {
        end(transport, session.status().cause() == null ? GOODBYE : Duration.ZERO);
    }

    private static void end(UpstreamTransport transport, Duration drain) {
        try {
            transport.close(drain).toCompletableFuture().get(drain.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // the process is about to end: whatever hangs on beyond the promised time ends with it
            return;
        }
    }

    /** Waits for a stage of the library, for a stop, or for {@code limit} and a little more. */
    static <T> T await(CompletionStage<T> stage, Duration limit, StopSignal stop)
            throws UpstreamException, StoppedException, InterruptedException {
        CompletableFuture<T> future = stage.toCompletableFuture();
        try {
            CompletableFuture.anyOf(future, stop.requested())
                    .get(limit.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
            if (!future.isDone()) {
                throw new StoppedException();
            }
            return future.get();
        } catch (ExecutionException e) {
            throw translate(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw UpstreamException.of(
                    FailureKind.INTERNAL,
                    Where.here("command"),
                    "the library missed its own deadline: run again with -v -v and report the log",
                    e);
        }
    }

    private static UpstreamException translate(Throwable cause) {
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(FailureKind.INTERNAL, Where.here("command"), "unexpected: " + cause, cause);
    }
}
