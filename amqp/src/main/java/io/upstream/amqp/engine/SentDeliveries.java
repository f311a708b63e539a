// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/** What we have sent in one session, from its transfer to the peer's answer (AMQP 1.0 sections 2.6.12 and 2.7.6). */
final class SentDeliveries {
    private final FrameWriter frames;
    private final int channel;
    private final Unsettled unsettled = new Unsettled(0);

    /** A delivery that the peer has forgotten, and whose it is; null but while a transfer is written. */
    private @Nullable Object forgotten;

    private @Nullable EngineSender forgottenBy;

    SentDeliveries(FrameWriter frames, int channel) {
        this.frames = frames;
        this.channel = channel;
    }

    /** Gives a delivery its id. If the peer has forgotten about the oldest one, so do we. */
    int begin(EngineSender sender, Object tag) {
        if (unsettled.isFull()) {
            int id = unsettled.oldest();
            forgottenBy = unsettled.sender(id);
            forgotten = unsettled.take(id);
            frames.disposition(channel, false, id, id, Outcome.UNKNOWN);
        }
        return unsettled.add(sender, tag);
    }

    /** To be called when the transfer is written: whoever is told may send at once. */
    void tellForgotten() {
        Object tag = forgotten;
        EngineSender sender = forgottenBy;
        if (tag != null && sender != null) {
            forgotten = null;
            forgottenBy = null;
            sender.answered(tag, Outcome.UNKNOWN, null);
        }
    }

    /** The peer's answer; or what it says of its own deliveries, which needs none. */
    void onDisposition(Fields fields) {
        boolean ofOurs = fields.bool();
        int first = fields.requiredUint("first");
        long end = fields.uint();
        boolean peerSettled = fields.bool();
        int last = end == Fields.ABSENT ? first : (int) end;
        if (last - first < 0) {
            throw Violation.of("amqp:not-allowed", "settled a range that ends before it begins");
        }
        if (!ofOurs) {
            return;
        }
        Outcome outcome = Outcome.of(fields.openNested());
        if (outcome == Outcome.UNKNOWN && !peerSettled) {
            return; // 'received', which decides nothing
        }
        answer(first, last, outcome, outcome == Outcome.REJECTED ? PeerError.read(fields) : null, peerSettled);
    }

    private void answer(int first, int last, Outcome outcome, @Nullable PeerError error, boolean peerSettled) {
        int from = first - unsettled.oldest() < 0 ? unsettled.oldest() : first;
        int to = last - unsettled.next() >= 0 ? unsettled.next() - 1 : last;
        if (!peerSettled && to - from >= 0) {
            frames.disposition(channel, false, from, to, outcome);
        }
        for (int id = from; to - id >= 0; id++) {
            EngineSender sender = unsettled.sender(id);
            if (sender != null) {
                sender.answered(unsettled.take(id), outcome, error);
            }
        }
    }

    /** The link is gone, and with it what it has sent. */
    void forget(EngineSender sender) {
        unsettled.forget(sender);
    }

    /** The session is gone. */
    void clear() {
        unsettled.clear();
    }
}
