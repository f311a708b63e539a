// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Instant;

/**
 * What an identity is doing.
 *
 * @param connectionChanged when it last came or went; {@link RegisteredIdentity#NEVER} if it has not yet
 * @param active when it last came, went or sent telemetry
 * @param cloudMessages how many messages wait for it, locked ones included
 */
public record IdentityState(boolean connected, Instant connectionChanged, Instant active, int cloudMessages) {}
