// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.upstream.MethodHandler;
import io.upstream.MethodRequest;
import io.upstream.MethodResponse.Known;
import io.upstream.session.Callbacks;
import io.upstream.session.MethodCalls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Direct methods on the wire: each answer carries the id of its call as it came. Confined to the event loop. */
final class MethodExchange {
    /** How many answers may wait for a peer that does not read them; then its calls are left alone, and their callers wait in vain. */
    static final int MAX_UNSENT = MethodCalls.MAX_OPEN;

    private static final String ANSWER = "$iothub/methods/res/";
    private static final Logger log = LoggerFactory.getLogger(MethodExchange.class);

    private final MethodCalls calls;
    private final HubOutlet outlet;
    private final String hop;
    private int unsent;

    /**
     * Nobody answers yet.
     *
     * @param hop for the log
     */
    MethodExchange(EventLoop loop, Callbacks callbacks, HubOutlet outlet, String hop) {
        this.calls = new MethodCalls(loop, callbacks);
        this.outlet = outlet;
        this.hop = hop;
    }

    /** Has {@code next} called from now on. */
    void handler(MethodHandler next) {
        calls.handler(next);
    }

    /** A call has come. */
    void called(HubTopic topic, PublishView message) {
        if (unsent >= MAX_UNSENT) {
            log.warn("{} calls methods and does not read the answers: a call is left alone", hop);
            return;
        }
        calls.call(new MethodRequest(topic.name(), message.payloadBytes()), known -> answer(topic.rid(), known));
    }

    /** Whether no call is unanswered. */
    boolean isIdle() {
        return calls.isIdle();
    }

    /** Nothing is answered any more. */
    void end() {
        calls.end();
    }

    private void answer(String rid, Known known) {
        unsent++;
        outlet.publish(ANSWER + known.status() + "/?$rid=" + rid, known.payload())
                .addListener(written -> unsent--);
    }
}
