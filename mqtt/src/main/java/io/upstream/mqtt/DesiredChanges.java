// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.upstream.DesiredChange;
import io.upstream.session.Callbacks;
import io.upstream.session.TwinDocument;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings changes of the desired properties to the application, in order. Bounded: at {@link #MAX_WAITING} that it has not seen the socket is
 * not read any more. Confined to the event loop but for what the application is called with.
 */
final class DesiredChanges {
    static final int MAX_WAITING = 100;

    private static final Logger log = LoggerFactory.getLogger(DesiredChanges.class);

    private final EventLoop loop;
    private final Callbacks.Lane lane;
    private final ReadGate gate;
    private final String hop;
    private @Nullable Consumer<DesiredChange> handler;
    private int waiting;
    private Inbox.Pressure present = Inbox.Pressure.LOW;

    /**
     * Starts without a handler.
     *
     * @param gate is closed while the application cannot keep up
     * @param hop for the log
     */
    DesiredChanges(EventLoop loop, Callbacks callbacks, ReadGate gate, String hop) {
        this.loop = loop;
        lane = callbacks.lane();
        this.gate = gate;
        this.hop = hop;
    }

    /** Has changes given to {@code next} from now on. */
    void handler(Consumer<DesiredChange> next) {
        handler = next;
    }

    /** A change has come; without a handler it is dropped, since whoever sets one reads the whole twin after that. */
    void changed(PublishView message) {
        Consumer<DesiredChange> receiver = handler;
        if (receiver == null) {
            return;
        }
        waiting++;
        updatePressure();
        byte[] json = message.payloadBytes();
        lane.run(() -> {
            try {
                tell(receiver, json);
            } finally {
                seen();
            }
        });
    }

    /** What was not begun is not begun any more. */
    void end() {
        lane.end();
        handler = null;
    }

    private void tell(Consumer<DesiredChange> receiver, byte[] json) {
        DesiredChange change;
        try {
            change = TwinDocument.readChange(json);
        } catch (IOException e) {
            log.warn("{} sent a change of the desired properties that cannot be read, read the twin again", hop);
            return;
        }
        receiver.accept(change);
    }

    /** Any thread. */
    private void seen() {
        try {
            loop.execute(() -> {
                waiting--;
                updatePressure();
            });
        } catch (RejectedExecutionException e) {
            log.debug("a change was seen after the runtime was closed");
        }
    }

    /** Goes down at half of the limit only, so that reading is not switched for each change. */
    private void updatePressure() {
        Inbox.Pressure next = waiting >= MAX_WAITING
                ? Inbox.Pressure.HIGH
                : waiting <= MAX_WAITING / 2 ? Inbox.Pressure.LOW : present;
        if (next != present) {
            present = next;
            gate.pressure(next);
        }
    }
}
