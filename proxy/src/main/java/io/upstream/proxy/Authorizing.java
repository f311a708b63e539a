// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.UpstreamException;
import io.upstream.connect.PeerClock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Has the negotiation make the next value. That is our own time, for which the attempt's clock of its peers stands still; it goes on standing
 * still when there is no value, since then the failure is ours, too. Confined to the event loop.
 */
final class Authorizing {
    private final Negotiation negotiation;
    private final PeerClock clock;

    Authorizing(Negotiation negotiation, PeerClock clock) {
        this.negotiation = negotiation;
        this.clock = clock;
    }

    /** Never throws; completes on the event loop, at once if everything is known already, with an empty value for none. */
    CompletionStage<String> make(Supplier<CompletionStage<String>> making) {
        clock.stop(negotiation::awaited);
        return begun(making).whenComplete((authorization, error) -> {
            if (error == null) {
                clock.resume();
            }
        });
    }

    private static CompletionStage<String> begun(Supplier<CompletionStage<String>> making) {
        try {
            return making.get();
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e); // else it would be waited for until it is late
        }
    }

    UpstreamException late(Duration limit) {
        return negotiation.failures().noAuthorizationInTime(negotiation.awaited(), limit);
    }
}
