// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.provisioning;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the service says to a device, the same by every protocol.
 *
 * @param status as HTTP has it: 202 while an assignment is under way
 * @param retryAfter whole seconds after which to ask again; {@code null} if there is no need
 * @param json the body, UTF-8; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // answers are never compared
public record ProvisioningAnswer(int status, @Nullable Duration retryAfter, byte[] json) {}
