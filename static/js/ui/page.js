/** The small behaviours of every page. Each attaches to its own data- attributes and does nothing elsewhere. */

import { watchCopyButtons } from "./copy.js";
import { watchConfirmations } from "./confirm.js";
import { watchDrawers } from "./drawer.js";
import { watchMessages } from "./messages.js";
import { watchPersonNames } from "./person-name.js";
import { watchSwaps } from "./swap.js";
import { watchTheme } from "./theme.js";
import { install } from "./worker.js";

watchCopyButtons();
watchConfirmations();
watchDrawers();
watchMessages();
watchPersonNames();
watchSwaps();
watchTheme();
install();
