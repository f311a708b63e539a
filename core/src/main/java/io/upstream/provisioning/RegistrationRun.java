// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.upstream.Assignment;
import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.Failures;
import io.upstream.connect.StageLimit;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One registration over one protocol, from the name of the service to a closed connection. Begun on any thread; the rest happens on the
 * connection's event loop.
 */
public final class RegistrationRun {
    /** When the socket is closed whatever the layers above it still wait for. */
    private static final Duration FORCE_AFTER = Duration.ofSeconds(4);

    private final UpstreamProtocol protocol;
    private final Registration registration;
    private final Layers layers;
    private final long start = System.nanoTime();
    private final CompletableFuture<Assignment> over = new CompletableFuture<>();
    private volatile @Nullable Last last;
    private volatile @Nullable Conversation conversation;

    /**
     * What a protocol adds.
     *
     * @param lower plans everything below the login
     * @param login makes a fresh one; may block, for a signature
     */
    public record Layers(ConnectPlanner lower, Supplier<ServiceLogin> login) {}

    private RegistrationRun(UpstreamProtocol protocol, Registration registration, Layers layers) {
        this.protocol = protocol;
        this.registration = registration;
        this.layers = layers;
    }

    /**
     * Starts.
     *
     * @param connectTimeout for the connection alone
     * @param wanted ends the run early when it is done
     * @return as {@link io.upstream.spi.ProvisioningProvider#register}
     */
    public static CompletionStage<Assignment> start(
            UpstreamRuntime runtime,
            UpstreamProtocol protocol,
            Duration connectTimeout,
            Registration registration,
            CompletionStage<?> wanted,
            Layers layers) {
        RegistrationRun run = new RegistrationRun(protocol, registration, layers);
        Duration all = registration.timeout();
        ConnectAttempt attempt =
                ConnectAttempt.start(runtime, connectTimeout.compareTo(all) < 0 ? connectTimeout : all, run::plan);
        attempt.outcome().whenComplete(run::connected);
        wanted.whenComplete((unused, error) -> run.stop(attempt));
        return run.over;
    }

    private ConnectPlan plan() throws UpstreamException {
        ConnectPlan lower = layers.lower().plan().calling("provisioning service");
        Last top = new Last(layers.login().get());
        last = top;
        return lower.then(top);
    }

    /** On the event loop, or on whatever thread finds that there is none any more. */
    private void connected(@Nullable Channel channel, @Nullable Throwable error) {
        Last top = last;
        if (channel == null || top == null) {
            UpstreamException cause = Failures.translate(
                    error == null ? new IllegalStateException("no channel") : error, Where.here("register"));
            whenGone(top == null ? null : top.begun, () -> over.completeExceptionally(cause));
            return;
        }
        ServiceLink link = top.login.link();
        Conversation talk = new Conversation(channel.eventLoop(), link, registration, protocol, top.place.hop());
        conversation = talk;
        talk.outcome().whenComplete((assignment, failure) -> {
            whenGone(channel, () -> {
                if (failure == null) {
                    over.complete(assignment);
                } else {
                    over.completeExceptionally(failure);
                }
            });
            leave(channel, link);
        });
        talk.begin(left());
    }

    private Duration left() {
        Duration left = registration.timeout().minusNanos(System.nanoTime() - start);
        return left.isNegative() ? Duration.ZERO : left;
    }

    private static void whenGone(@Nullable Channel channel, Runnable then) {
        if (channel == null || !channel.isOpen()) {
            then.run();
        } else {
            channel.closeFuture().addListener(closed -> then.run());
        }
    }

    private static void leave(Channel channel, ServiceLink link) {
        if (!channel.isOpen()) {
            return;
        }
        link.close();
        var forced =
                channel.eventLoop().schedule(() -> forceClose(channel), FORCE_AFTER.toNanos(), TimeUnit.NANOSECONDS);
        channel.closeFuture().addListener(closed -> forced.cancel(false));
    }

    /** From the lowest handler down, past those that would wait for the peer. */
    private static void forceClose(Channel channel) {
        ChannelHandlerContext lowest = channel.pipeline().firstContext();
        if (lowest != null) {
            lowest.close();
        }
    }

    /** Without effect if the run is over, which is when what it was for is done. */
    private void stop(ConnectAttempt attempt) {
        if (over.isDone()) {
            return;
        }
        UpstreamException reason =
                UpstreamException.of(FailureKind.CLOSED, Where.here("register"), "the registration was cancelled here");
        attempt.abort(reason);
        attempt.outcome().thenAccept(channel -> {
            try {
                channel.eventLoop().execute(() -> {
                    Conversation talk = conversation;
                    if (talk != null) {
                        talk.stop(reason);
                    }
                });
            } catch (RejectedExecutionException e) {
                over.completeExceptionally(reason); // the runtime is closed, and its sockets with it
            }
        });
    }

    /** The login, and where it takes place. */
    private static final class Last implements ConnectStage {
        private final ServiceLogin login;
        private volatile @Nullable Channel begun;
        private volatile Where place = Where.here("register");

        private Last(ServiceLogin login) {
            this.login = login;
        }

        @Override
        public String name() {
            return login.name();
        }

        @Override
        public StageLimit limit() {
            return login.limit();
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            begun = channel;
            place = where;
            return login.establish(channel, where);
        }
    }
}
