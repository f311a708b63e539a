// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;

/** By what a changed file is known: when it was written and how long it is, of the file itself if the path is a link. */
record FileStamp(FileTime modified, long size) {
    static FileStamp of(Path file) throws IOException {
        return new FileStamp(Files.getLastModifiedTime(file), Files.size(file));
    }
}
