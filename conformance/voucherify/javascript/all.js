// Everything the client can do, in one process, so that the end can tell what was left out.

import "./catalogue.js";
import "./customers.js";
import "./campaigns.js";
import "./vouchers.js";
import "./promotions.js";
import "./rules.js";
import "./checkout.js";
import "./pages.js";
import "./stacking.js";
import "./loyalties.js";
import "./giving.js";
import "./orders.js";
import "./bulk.js";
import "./keys.js";
import "./left-out.js";
import { tellWhatWasLeftOut } from "./coverage.js";

process.on("exit", tellWhatWasLeftOut);
