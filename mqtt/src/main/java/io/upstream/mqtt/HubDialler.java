// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.Channel;
import io.upstream.Credentials;
import io.upstream.UpstreamException;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.LowerLayers;
import io.upstream.session.PacedAttempt;
import io.upstream.session.PacedAttempt.Occasion;
import io.upstream.session.Pacer;
import java.util.concurrent.CompletionStage;

/** Makes connections to the one hub of a transport. */
final class HubDialler implements Dialler {
    private final SessionSetup setup;
    private final Credentials credentials;
    private final LowerLayers lowerLayers;
    private final Pacer pacer;

    HubDialler(SessionSetup setup, Credentials credentials, LowerLayers lowerLayers) {
        this.setup = setup;
        this.credentials = credentials;
        this.lowerLayers = lowerLayers;
        pacer = Pacer.of(setup.terms().runtime(), setup.options().hubHost());
    }

    @Override
    public ConnectPlan plan() throws UpstreamException {
        return lowerLayers.plan(credentials);
    }

    @Override
    public Dialling dial(Occasion occasion, ConnectPlanner planner) {
        return new Attempt(PacedAttempt.start(
                pacer,
                occasion,
                setup.terms().runtime(),
                setup.terms().loop(),
                setup.options().connectTimeout(),
                planner,
                setup.terms().watch().attempt()));
    }

    private record Attempt(PacedAttempt attempt) implements Dialling {
        @Override
        public CompletionStage<Channel> outcome() {
            return attempt.outcome();
        }

        @Override
        public void abort(UpstreamException reason) {
            attempt.abort(reason);
        }
    }
}
