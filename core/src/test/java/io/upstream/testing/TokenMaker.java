// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.TokenRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An application's provider of tokens, which fails, throws, is slow, hangs or gives an old one, as chance will have it. */
public final class TokenMaker implements SasTokenProvider {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Duration USUAL = Duration.ofSeconds(2);

    private final VirtualWorld world;
    private final Supplier<Instant> clock;
    private final Duration life;
    private final double faults;
    private Runnable whenAsked = () -> {};
    private @Nullable SasToken last;
    private long begun = Long.MIN_VALUE;
    private @Nullable CompletableFuture<SasToken> underWay;
    private int asked;
    private int overlaps;
    private int made;

    /**
     * Has made none yet.
     *
     * @param clock what tokens are dated by
     * @param faults how many answers in one are no good
     */
    public TokenMaker(VirtualWorld world, Supplier<Instant> clock, Duration life, double faults) {
        this.world = world;
        this.clock = clock;
        this.life = life;
        this.faults = faults;
    }

    /** Has {@code what} run each time when it is asked. */
    public void whenAsked(Runnable what) {
        whenAsked = what;
    }

    public int asked() {
        return asked;
    }

    /** How often it was asked while it was still asked, and not for longer than it may take. */
    public int overlaps() {
        return overlaps;
    }

    @Override
    public CompletionStage<SasToken> token(TokenRequest request) {
        long now = world.nanoTime();
        if (underWay != null && !underWay.isDone() && now - begun < LIMIT.toNanos()) {
            overlaps++;
        }
        asked++;
        begun = now;
        CompletableFuture<SasToken> answer = new CompletableFuture<>();
        underWay = answer;
        whenAsked.run();
        if (last == null || !world.chance(faults)) {
            world.after(world.drawUpTo(USUAL), () -> answer.complete(make(request)));
            return answer;
        }
        switch (world.random().nextInt(5)) {
            case 0 -> {
                answer.cancel(false);
                throw new IllegalStateException("the maker of tokens is broken");
            }
            case 1 -> answer.completeExceptionally(new IllegalStateException("the maker of tokens fails"));
            case 2 -> world.after(world.drawUpTo(LIMIT.minusSeconds(1)), () -> answer.complete(make(request)));
            case 3 -> answer.complete(last);
            default -> {} // for ever
        }
        return answer;
    }

    private SasToken make(TokenRequest request) {
        SasToken token = SasToken.of("SharedAccessSignature sr=" + request.resource() + "&sig=" + ++made + "&se="
                + clock.get().plus(life).getEpochSecond());
        last = token;
        return token;
    }
}
