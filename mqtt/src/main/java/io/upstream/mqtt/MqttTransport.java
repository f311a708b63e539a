// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.Failures;
import io.upstream.connect.LowerLayers;
import io.upstream.session.Callbacks;
import io.upstream.session.TokenSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Opens a connection for each identity and closes them all. The difference between {@code Mqtt} and {@code MqttWs} is the planner that
 * it is given. Safe for use by any thread; what it knows of its connections is guarded by its monitor, under which nobody else's code
 * is called.
 */
final class MqttTransport implements UpstreamTransport {
    private final UpstreamProtocol protocol;
    private final UpstreamOptions options;
    private final UpstreamRuntime runtime;
    private final LowerLayers lowerLayers;
    private final Set<Opening> openings = new HashSet<>();
    private final Set<MqttSession> sessions = new HashSet<>();
    private @Nullable CompletableFuture<Void> closed;

    /**
     * Borrows the runtime.
     *
     * @param lowerLayers plans everything below MQTT
     */
    MqttTransport(
            UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime, LowerLayers lowerLayers) {
        this.protocol = protocol;
        this.options = options;
        this.runtime = runtime;
        this.lowerLayers = lowerLayers;
    }

    @Override
    public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
        Objects.requireNonNull(credentials, "credentials");
        Opening opening;
        try {
            Dialect dialect = Dialect.of(identity, credentials, options);
            Callbacks callbacks = new Callbacks(runtime.callbacks());
            opening = new Opening(
                    new SessionSetup(identity, protocol, dialect, options, runtime, callbacks), credentials);
        } catch (UpstreamException e) {
            return CompletableFuture.failedFuture(e);
        }
        synchronized (this) {
            if (closed != null) {
                return CompletableFuture.failedFuture(closedHere());
            }
            openings.add(opening);
        }
        opening.start();
        return opening.outcome;
    }

    /** The loop's part of an end: keeps the session, unless the transport is closing. */
    private synchronized boolean keep(Opening opening, MqttSession session) {
        if (closed != null) {
            return false;
        }
        openings.remove(opening);
        sessions.add(session);
        session.whenGone(() -> forget(session));
        return true;
    }

    private synchronized boolean isClosed() {
        return closed != null;
    }

    private synchronized void forget(MqttSession session) {
        sessions.remove(session);
    }

    private synchronized void forget(Opening opening) {
        openings.remove(opening);
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        List<Opening> aborted;
        List<MqttSession> ending;
        synchronized (this) {
            if (closed != null) {
                return closed;
            }
            closed = mine;
            aborted = List.copyOf(openings);
            ending = List.copyOf(sessions);
        }
        List<CompletableFuture<?>> ends = new ArrayList<>();
        aborted.forEach(opening -> ends.add(opening.abort()));
        ending.forEach(session -> ends.add(session.close(drain).toCompletableFuture()));
        CompletableFuture.allOf(ends.toArray(new CompletableFuture<?>[0]))
                .whenComplete((nothing, error) -> completeAside(mine, runtime));
        return mine;
    }

    /** Not on the event loop, where what ends a connection is noticed, nor behind callbacks of the application. */
    static void completeAside(CompletableFuture<Void> done, UpstreamRuntime runtime) {
        try {
            runtime.blocking().execute(() -> done.complete(null));
        } catch (RejectedExecutionException e) {
            done.complete(null);
        }
    }

    @Override
    public void close() {
        runtime.awaitClose(close(options.closeTimeout()), options.closeTimeout());
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(
                FailureKind.CLOSED, Where.here("open"), "the transport is closed: make another one");
    }

    /** One call of {@link #open}. */
    private final class Opening implements ConnectPlanner {
        private final SessionSetup setup;
        private final Credentials credentials;
        private final CompletableFuture<UpstreamSession> outcome = new CompletableFuture<>();
        private final CompletableFuture<Void> over = new CompletableFuture<>();
        private volatile @Nullable ConnectAttempt attempt;
        private volatile @Nullable MqttLogin login;
        private final @Nullable TokenSource tokens;
        private volatile @Nullable SasToken token;

        private Opening(SessionSetup setup, Credentials credentials) {
            this.setup = setup;
            this.credentials = credentials;
            this.tokens = TokenSource.serves(credentials)
                    ? new TokenSource(credentials, options.hubHost(), setup.identity(), runtime)
                    : null;
        }

        private void start() {
            ConnectAttempt started = ConnectAttempt.start(runtime, options.connectTimeout(), this);
            attempt = started;
            started.outcome().whenComplete((channel, error) -> end(error));
            if (isClosed()) { // meanwhile: whoever closed saw no attempt yet
                started.abort(closedHere());
            }
        }

        /** Gives a future that is done when nothing is left of the attempt. */
        private CompletableFuture<Void> abort() {
            ConnectAttempt started = attempt;
            if (started != null) {
                started.abort(closedHere());
            }
            return over;
        }

        @Override
        public CompletionStage<?> ready() {
            return tokens == null ? ConnectPlanner.super.ready() : tokens.next().thenAccept(next -> token = next);
        }

        @Override
        public ConnectPlan plan() throws UpstreamException {
            SasToken ready = token;
            MqttLogin last = new MqttLogin(setup, ready == null ? credentials : ready);
            login = last;
            return lowerLayers.plan(credentials).then(last);
        }

        /** On the event loop, or on whatever thread finds that there is none any more. */
        private void end(@Nullable Throwable error) {
            MqttLogin last = login;
            MqttSession session = error == null && last != null ? last.session().getNow(null) : null;
            if (session != null && keep(this, session)) {
                setup.callbacks().run(() -> outcome.complete(session));
                over.complete(null);
                return;
            }
            Throwable cause = error == null ? closedHere() : Failures.translate(error, Where.here("open"));
            setup.callbacks().run(() -> outcome.completeExceptionally(cause));
            if (session != null) {
                session.close(Duration.ZERO).whenComplete((nothing, failure) -> gone());
            } else if (last != null) {
                last.whenGone(this::gone);
            } else {
                gone();
            }
        }

        /** Whoever closes the transport meanwhile waits for this: a refused connection says goodbye, too. */
        private void gone() {
            forget(this);
            over.complete(null);
        }
    }
}
