// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.EventLoop;
import io.upstream.Credentials;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.amqp.engine.Opening;
import io.upstream.connect.LowerLayers;
import io.upstream.proxy.ProxyLayers;
import io.upstream.session.Pace;
import io.upstream.session.PacedAttempt;
import io.upstream.session.PacedAttempt.Occasion;
import io.upstream.session.Pacer;
import io.upstream.watch.TransportWatch;
import io.upstream.websocket.WebSocketStage;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;

/** Makes connections to the one hub of a transport. */
final class HubDialler implements Dialler {
    private final UpstreamOptions options;
    private final UpstreamRuntime runtime;
    private final LowerLayers lower;
    private final Pace pace;
    private final TransportWatch watch;

    HubDialler(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime, TransportWatch watch) {
        this.watch = watch;
        this.options = options;
        this.runtime = runtime;
        pace = new Pace(options, () -> ThreadLocalRandom.current().nextLong());
        lower = new LowerLayers(options, protocol, runtime, ProxyLayers::towards, WebSocketStage::new);
    }

    @Override
    public Dialling dial(EventLoop loop, Credentials credentials) {
        Opening opening = new Opening(
                Opening.Login.with(credentials),
                UUID.randomUUID().toString(),
                options.hubHost(),
                pace.interval().plus(pace.patience()),
                pace.draw());
        AmqpStage last = new AmqpStage(opening, HubAddresses.linkProperties(options), pace);
        return new Attempt(PacedAttempt.start(
                Pacer.of(runtime, options.hubHost()),
                Occasion.ANOTHER, // whoever waits for it has a deadline of his own
                runtime,
                loop,
                options.connectTimeout(),
                () -> lower.plan(credentials).then(last),
                watch.attempt(null)));
    }

    private record Attempt(PacedAttempt attempt) implements Dialling {
        @Override
        public CompletionStage<AmqpConnection> outcome() {
            return attempt.outcome().thenApply(AmqpStage::connection);
        }

        @Override
        public void abort(UpstreamException reason) {
            attempt.abort(reason);
        }
    }
}
