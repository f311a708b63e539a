// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyChallenge;
import io.upstream.proxy.SchemeChoice.Option;

/** The scheme that is being spoken, and how far. Confined to the event loop. */
final class Turn {
    final Option option;
    final Conversation conversation;
    ProxyChallenge challenge;
    String value = "";
    int answers;

    Turn(Option option, Conversation conversation) {
        this.option = option;
        this.conversation = conversation;
        this.challenge = option.challenge();
    }

    boolean spokeUnasked() {
        return answers == 0;
    }
}
