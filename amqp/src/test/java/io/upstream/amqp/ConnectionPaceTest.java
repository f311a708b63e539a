// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.session.Quiet;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the keep-alive learns from connections. */
class ConnectionPaceTest {
    private final ScriptedPeer peer = new ScriptedPeer();

    @AfterEach
    void close() {
        peer.close();
    }

    /** As the next connection would that is quiet from its first second to its end. */
    private Duration intervalAfterAnotherThatLasted(Duration time) {
        long began = peer.client.clock().getAsLong() + 1;
        UpstreamException cause =
                UpstreamException.of(FailureKind.CLOSED_BY_PEER, new Where("amqp", "hub hub.test:5671"), "gone");
        peer.pace.ended(cause, new Quiet(began), began + time.toNanos());
        return peer.pace.interval();
    }

    private void end() {
        peer.channel.close();
        peer.exchange();
    }

    @Test
    void countsHowLongNobodySpoke() {
        peer.pass(Duration.ofSeconds(40));
        end();
        assertEquals(Duration.ofSeconds(20), intervalAfterAnotherThatLasted(Duration.ofSeconds(40)));
    }

    @Test
    void countsNothingAfterASilenceThatDidNotEndIt() {
        peer.passAlive(Duration.ofSeconds(30));
        peer.pass(Duration.ofSeconds(25));
        end();
        assertEquals(Duration.ofSeconds(45), intervalAfterAnotherThatLasted(Duration.ofSeconds(25)));
    }

    @Test
    void countsNothingWhenItIsClosedHere() {
        peer.pass(Duration.ofSeconds(40));
        peer.client.close();
        peer.exchange();
        assertEquals(Duration.ofSeconds(45), intervalAfterAnotherThatLasted(Duration.ofSeconds(40)));
    }
}
