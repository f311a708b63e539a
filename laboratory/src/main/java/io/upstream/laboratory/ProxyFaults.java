// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.proxy.Misbehaviour;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.time.Duration;

/** F23 to F28: what a proxy does. */
final class ProxyFaults {
    private ProxyFaults() {}

    static void refused(Scene scene) throws Exception {
        scene.near().refuse();
        scene.near().cutAll(Ending.RST);
        scene.pass(2_500);
    }

    static void unauthorized(Scene scene) throws Exception {
        ConnectProxy proxy = scene.proxy();
        proxy.misbehave(new Misbehaviour.CloseOn407());
        proxy.cutAll(Ending.RST);
        scene.pass(800);
        proxy.misbehave(new Misbehaviour.Refuse(407, "<html>who are you</html>"));
        proxy.cutAll(Ending.FIN);
        scene.pass(1_200);
    }

    static void unavailable(Scene scene) throws Exception {
        for (int status : new int[] {502, 503, 504, 429}) {
            scene.proxy().misbehave(new Misbehaviour.Refuse(status, "<html>later</html>"));
            scene.proxy().cutAll(Ending.FIN);
            scene.pass(600);
        }
    }

    static void dies(Scene scene) throws Exception {
        scene.proxy().cutAll(Ending.FIN);
        scene.pass(700);
        scene.proxy().cutAll(Ending.RST);
        scene.pass(700);
        scene.near().forget();
        scene.pass(scene.detectionMillis());
    }

    static void mute(Scene scene) throws Exception {
        scene.proxy().misbehave(new Misbehaviour.DropWhenIdle(Duration.ofMillis(1)));
        scene.proxy().cutAll(Ending.RST);
        scene.pass(2_500);
        scene.near().cutAll(Ending.RST);
    }

    static void cutsIdle(Scene scene) throws Exception {
        scene.proxy().misbehave(new Misbehaviour.CutWhenIdle(Duration.ofSeconds(1), Ending.FIN));
        scene.proxy().cutAll(Ending.RST);
        scene.traffic().pause();
        scene.pass(4_000);
        scene.traffic().resume();
    }
}
