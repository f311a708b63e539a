// SPDX-License-Identifier: Apache-2.0
/** Tests: frames against Netty's codec, the session against a scripted peer on a manual clock, the transport against the emulator. */
@NullMarked
package io.upstream.mqtt;

import org.jspecify.annotations.NullMarked;
