// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** F44 to F48: what goes wrong in the process of the client. */
final class ProcessFaults {
    /** Without one Netty's loop can end in the turn in which it is told to, and leaves its channels open and whoever waits for them waiting. */
    private static final int QUIET_MILLIS = 50;

    private ProcessFaults() {}

    static void tokens(Scene scene) throws Exception {
        for (Tokens.Mode mode : new Tokens.Mode[] {Tokens.Mode.THROWING, Tokens.Mode.SLOW, Tokens.Mode.STALE}) {
            scene.tokens().be(mode);
            scene.near().cutAll(Ending.RST);
            scene.pass(1_500);
        }
    }

    static void time(Scene scene) throws Exception {
        scene.clock().shift(Duration.ofHours(-1));
        scene.near().cutAll(Ending.RST);
        scene.pass(800);
        scene.clock().shift(Duration.ofHours(2));
        scene.near().cutAll(Ending.RST);
        scene.pass(1_000);
        scene.clock().reset();
        scene.suspendClient(Duration.ofSeconds(3));
        scene.pass(3_200);
    }

    static void listeners(Scene scene) throws Exception {
        for (Mood mood : new Mood[] {Mood.BLOCKING, Mood.EXCEPTION, Mood.ERROR, Mood.OVERFLOW}) {
            scene.traffic().mood(mood);
            scene.pass(900);
        }
    }

    static void fatal(Scene scene) throws Exception {
        scene.callbacks().reject();
        scene.pass(500);
        scene.callbacks().accept();
        scene.pass(500);
        scene.loops().shutdownGracefully(QUIET_MILLIS, 1_000, TimeUnit.MILLISECONDS);
        scene.pass(2_000);
    }

    static void closesAndCancels(Scene scene) throws Exception {
        scene.traffic().cancelSome();
        for (int i = 0; i < 12; i++) {
            Visitor visitor = scene.visit("passer-by-" + i);
            scene.pass(scene.random().nextInt(0, 200));
            if (scene.random().nextBoolean()) {
                scene.near().cutAll(Ending.RST);
            }
            visitor.send(5);
            scene.pass(scene.random().nextInt(0, 100));
            visitor.close(Duration.ofMillis(scene.random().nextInt(0, 300)));
        }
    }
}
