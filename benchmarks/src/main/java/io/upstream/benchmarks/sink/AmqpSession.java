// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.IntObjectHashMap;
import org.jspecify.annotations.Nullable;

/** One session: its links, and the transfers that have arrived and are not settled yet. */
final class AmqpSession {
    static final int TRANSFER = 0x14;

    /** In and out: the flow control of sessions is none of this comparison's business. */
    static final long WINDOW = Integer.MAX_VALUE;

    private static final long NONE = -1;

    private final int channel;
    private final Inspector inspector;
    private final IntObjectHashMap<AmqpLink> links = new IntObjectHashMap<>();
    private @Nullable CbsNode cbs;
    private long nextIncoming;
    private long first = NONE;
    private long last;

    /**
     * What the peer has begun.
     *
     * @param nextIncoming the transfer id with which the peer says it will begin
     */
    AmqpSession(int channel, Inspector inspector, long nextIncoming) {
        this.channel = channel;
        this.nextIncoming = nextIncoming;
        this.inspector = inspector;
    }

    /** The cursor is at the performative's list. Answers with the same name, handle, source and target, byte by byte. */
    void attach(AmqpCursor cursor, ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        int fields = cursor.elements();
        if (fields < 7) {
            throw new ProtocolViolation("an attach without a target");
        }
        int nameAt = cursor.index();
        cursor.skip();
        int nameEnd = cursor.index();
        int handle = (int) cursor.number();
        boolean peerReceives = cursor.flag();
        cursor.skip(2);
        int termini = cursor.index();
        String source = address(cursor);
        String target = address(cursor);
        int terminiEnd = cursor.index();
        cursor.skip(Math.min(2, fields - 7));
        long deliveryCount = fields > 9 ? cursor.number() : 0;

        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, channel);
        int list = AmqpWriter.beginList(answers, 0x12, peerReceives ? 10 : 7);
        answers.writeBytes(in, nameAt, nameEnd - nameAt);
        AmqpWriter.uint(answers, handle);
        AmqpWriter.flag(answers, !peerReceives);
        AmqpWriter.nil(answers);
        AmqpWriter.nil(answers);
        answers.writeBytes(in, termini, terminiEnd - termini);
        if (peerReceives) {
            AmqpWriter.nil(answers);
            AmqpWriter.nil(answers);
            AmqpWriter.uint(answers, 0);
        }
        AmqpWriter.endList(answers, list);
        AmqpWriter.endFrame(answers, frame);
        if (source.equals(CbsNode.ADDRESS)) {
            cbs = new CbsNode(channel, handle);
        } else if (!peerReceives) {
            AmqpLink link = new AmqpLink(handle, target.equals(CbsNode.ADDRESS), deliveryCount);
            links.put(handle, link);
            link.grant(answers, channel, nextIncoming);
        }
    }

    /** A source's or target's address; steps over the terminus. */
    private static String address(AmqpCursor cursor) throws ProtocolViolation {
        int before = cursor.index();
        AmqpCursor inside = cursor.fork();
        cursor.skip();
        if (cursor.index() == before + 1) {
            return "";
        }
        inside.descriptor();
        return inside.elements() == 0 ? "" : inside.text();
    }

    /** The cursor is at the performative's list; the message goes from the list's end to {@code end}. */
    void transfer(AmqpCursor cursor, ByteBuf in, int end, ByteBuf answers) throws ProtocolViolation {
        int fields = cursor.elements();
        AmqpLink link = links.get((int) cursor.number());
        if (link == null) {
            throw new ProtocolViolation("a transfer on a link that was not attached");
        }
        long deliveryId = fields > 1 ? cursor.number() : 0;
        cursor.skip(Math.min(2, fields - 2));
        boolean settled = fields > 4 && cursor.flag();
        boolean more = fields > 5 && cursor.flag();
        cursor.skip(Math.max(0, fields - 6));
        nextIncoming++;
        if (more || link.hasPart()) {
            deliveryId = link.part(in, cursor.index(), end, deliveryId);
        }
        if (more) {
            return;
        }
        if (!settled) {
            arrived(deliveryId, answers);
        }
        if (link.isCbs()) {
            grantToken(cursor, link, in, answers);
        } else if (link.hasPart()) {
            AmqpMessage.inspect(cursor.at(link.whole(), 0, link.whole().readableBytes()), link.whole(), inspector);
            link.clearPart();
        } else {
            AmqpMessage.inspect(cursor, in, inspector);
        }
        link.delivered(answers, channel, nextIncoming);
    }

    private void grantToken(AmqpCursor cursor, AmqpLink link, ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        if (cbs == null) {
            throw new ProtocolViolation("a put-token without a link for the answer");
        }
        settle(answers);
        if (link.hasPart()) {
            ByteBuf whole = link.whole();
            cbs.answer(cursor.at(whole, 0, whole.readableBytes()), whole, answers);
            link.clearPart();
        } else {
            cbs.answer(cursor, in, answers);
        }
    }

    private void arrived(long deliveryId, ByteBuf answers) {
        if (first != NONE && deliveryId != ((last + 1) & 0xFFFF_FFFFL)) {
            settle(answers);
        }
        if (first == NONE) {
            first = deliveryId;
        }
        last = deliveryId;
    }

    /** Accepts everything that has arrived. */
    void settle(ByteBuf answers) {
        if (first != NONE) {
            AmqpWriter.accepted(answers, channel, first, last);
            first = NONE;
        }
    }

    /** The cursor is at the performative's list. */
    void detach(AmqpCursor cursor, ByteBuf answers) throws ProtocolViolation {
        cursor.elements();
        int handle = (int) cursor.number();
        settle(answers);
        AmqpLink link = links.remove(handle);
        if (link != null) {
            link.release();
        }
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, channel);
        int list = AmqpWriter.beginList(answers, 0x16, 2);
        AmqpWriter.uint(answers, handle);
        AmqpWriter.flag(answers, true);
        AmqpWriter.endList(answers, list);
        AmqpWriter.endFrame(answers, frame);
    }

    void release() {
        links.values().forEach(AmqpLink::release);
        links.clear();
    }
}
