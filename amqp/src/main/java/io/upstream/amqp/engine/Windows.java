// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/** How many transfer frames may go each way in a session (AMQP 1.0 section 2.5.6), and their ids, which count modulo 2^32. */
final class Windows {
    /** In frames. What a peer can make us hold is bounded by the credit and the longest message of each link. */
    static final int INCOMING = 2_048;

    static final int OUTGOING = Integer.MAX_VALUE;

    /** The id of our first frame. */
    static final int FIRST_ID = 0;

    private static final long UINT = 0xffff_ffffL;

    private int nextOutgoingId = FIRST_ID;
    private long remoteIncoming;
    private int nextIncomingId;
    private int incoming = INCOMING;

    /** The peer's begin, from its second field on. */
    void onBegin(Fields fields) {
        nextIncomingId = fields.requiredUint("next-outgoing-id");
        remoteIncoming = fields.requiredUint("incoming-window") & UINT;
        fields.requiredUint("outgoing-window");
    }

    /** The first four fields of a flow. What was written and the peer has not seen counts against its window. */
    void onFlow(Fields fields) {
        long seen = fields.uint();
        long window = fields.requiredUint("incoming-window") & UINT;
        nextIncomingId = fields.requiredUint("next-outgoing-id");
        fields.requiredUint("outgoing-window");
        int unseen = Math.max(0, nextOutgoingId - (seen == Fields.ABSENT ? FIRST_ID : (int) seen));
        remoteIncoming = Math.max(0, window - unseen);
    }

    /** Whether the peer takes another frame. */
    boolean isOpen() {
        return remoteIncoming > 0;
    }

    /** Notes a frame that is about to be written. */
    void countOut() {
        remoteIncoming--;
        nextOutgoingId++;
    }

    /** Notes a frame that has come; whether it was allowed to. */
    boolean countIn() {
        nextIncomingId++;
        return --incoming >= 0;
    }

    /** Whether the peer should be told that there is room again. */
    boolean isHalfUsed() {
        return incoming < INCOMING / 2;
    }

    /** A flow is about to be written: it opens our window to its full size. */
    void reopen() {
        incoming = INCOMING;
    }

    int nextOutgoingId() {
        return nextOutgoingId;
    }

    int nextIncomingId() {
        return nextIncomingId;
    }

    int incoming() {
        return incoming;
    }
}
