// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A change of a twin's desired properties, as a device is told of it.
 *
 * @param version of the desired properties after the change
 * @param patch what changed, {@code null} for what was deleted, with {@code $version}; the receiver's own copy
 */
public record DesiredChange(long version, ObjectNode patch) {}
