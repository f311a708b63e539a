// SPDX-License-Identifier: Apache-2.0
/**
 * The hub's own rules, without any wire protocol: who may connect, what a message may be, where it is kept. The protocol
 * heads stand above {@link io.upstream.emulator.hub.Hub} and know nothing of each other. Start reading there.
 */
@NullMarked
package io.upstream.emulator.hub;

import org.jspecify.annotations.NullMarked;
