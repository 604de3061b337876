//! The one definition of how a connection is doing. Pages, API and jobs ask here.
