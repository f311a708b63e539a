// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.emulator.proxy.Misbehaviour.Ending;
import io.upstream.emulator.relay.Direction;
import java.time.Duration;

/** F15 to F22: what the far end does between TCP and the protocol. With a proxy they lie behind it. */
final class TransportFaults {
    /** TLS 1.2 record with the fatal alert handshake_failure (RFC 8446 section 6.2). */
    private static final byte[] ALERT = {21, 3, 3, 0, 2, 2, 40};

    /** Within the first flight, behind it, within the second, behind the handshake. */
    private static final int[] FLIGHTS = {0, 100, 1_000, 2_500};

    private TransportFaults() {}

    static void silence(Scene scene) throws Exception {
        scene.far().silence();
        scene.far().cutAll(Ending.RST);
        scene.pass(2_500);
        scene.far().cutAll(Ending.FIN);
    }

    static void stalledHandshakes(Scene scene) throws Exception {
        for (int flight : FLIGHTS) {
            scene.far().holdAfter(Direction.DOWN, flight);
            scene.far().cutAll(Ending.RST);
            scene.pass(900);
        }
        scene.far().cutAll(Ending.RST);
    }

    static void brokenTls(Scene scene) throws Exception {
        scene.far().cutAfter(Direction.DOWN, scene.random().nextInt(1, 60), Ending.FIN);
        scene.pass(800);
        scene.far().greet(ALERT);
        scene.far().cutAll(Ending.FIN);
        scene.pass(1_000);
        scene.far().heal();
        scene.far().cutAfter(Direction.DOWN, scene.random().nextInt(200, 2_000), Ending.FIN);
        scene.pass(1_000);
    }

    static void otherCertificates(Scene scene) throws Exception {
        for (Servers.Impostor impostor : Servers.Impostor.values()) {
            scene.leadTo(impostor);
            scene.far().cutAll(Ending.RST);
            scene.pass(1_200);
        }
    }

    static void keyUpdates(Scene scene) throws Exception {
        for (int i = 0; i < 100; i++) {
            scene.inner().renewKeys();
            scene.pass(25);
        }
    }

    static void dribble(Scene scene) throws Exception {
        scene.far().dribble(8);
        scene.pass(1_000);
        scene.far().cutAll(Ending.RST);
        scene.pass(2_500);
    }

    static void flippedBits(Scene scene) throws Exception {
        for (Direction direction : Direction.values()) {
            scene.far().corrupt(direction, scene.random().nextInt(500));
            scene.pass(1_200);
        }
    }

    static void glued(Scene scene) throws Exception {
        scene.far().bundle(Duration.ofMillis(100));
        scene.far().cutAll(Ending.RST);
        scene.pass(2_500);
    }
}
