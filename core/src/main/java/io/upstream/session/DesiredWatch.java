// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.DesiredChange;
import io.upstream.Twin;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the versions of the desired properties, so that the application learns of changes that were made while there was no connection:
 * the hub tells those to nobody. Confined to the session's callbacks but for {@link #handler}, {@link #gap} and {@link #catchUp}.
 */
final class DesiredWatch {
    private static final Logger log = LoggerFactory.getLogger(DesiredWatch.class);

    private final SessionTerms terms;
    private volatile @Nullable Consumer<DesiredChange> handler;

    /** The latest version that the application knows. */
    private long seen;

    /** What it knew when the gap began that has not been made up for yet. */
    private long seenBefore;

    /** How many changes it was told since. */
    private int told;

    private Standing standing = Standing.FOLLOWING;

    private enum Standing {
        FOLLOWING,
        /** Changes may have been missed. */
        BEHIND
    }

    DesiredWatch(SessionTerms terms) {
        this.terms = terms;
    }

    /** Has changes given to {@code next} from now on. */
    void handler(Consumer<DesiredChange> next) {
        handler = next;
    }

    /** A change has come. */
    void changed(DesiredChange change) {
        told++;
        tell(change);
    }

    /** The application has read the twin. */
    void hasRead(Twin twin) {
        seen = Math.max(seen, twin.desiredVersion());
    }

    private void tell(DesiredChange change) {
        seen = change.version();
        Consumer<DesiredChange> current = handler;
        if (current != null) {
            current.accept(change);
        }
    }

    /** Changes may be missed from now on, until {@link #catchUp}. A gap that was not made up for becomes longer. */
    void gap() {
        terms.callbacks().run(() -> {
            if (standing == Standing.FOLLOWING) {
                standing = Standing.BEHIND;
                seenBefore = seen;
                told = 0;
            }
        });
    }

    /** Reads the twin on {@code line}, where changes come again, and tells the application what it has missed. */
    void catchUp(Handlers.CurrentLine line) {
        line.twin(answer(line));
    }

    private CompletableFuture<Twin> answer(Handlers.CurrentLine line) {
        CompletableFuture<Twin> read = new CompletableFuture<>();
        read.whenComplete((twin, error) -> {
            if (error != null) {
                log.warn(
                        "the twin of {} could not be read again, next try soon: {}",
                        terms.identity(),
                        error.getMessage());
                line.twinLater(answer(line));
            } else if (told > 0 && twin.desiredVersion() < seen) {
                line.twin(answer(line)); // it has changed while the answer was on its way
            } else if (standing == Standing.BEHIND) {
                standing = Standing.FOLLOWING;
                if (twin.desiredVersion() != seenBefore + told) {
                    tell(new DesiredChange(twin.desired(), twin.desiredVersion(), true));
                }
            }
        });
        return read;
    }
}
