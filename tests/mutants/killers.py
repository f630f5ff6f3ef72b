"""What kills each mutant of base/mutants.def: seeds of the simulator, directed tests, or both.

`seeds`: the mutant is found within so many fixed ones, with a margin (several times what was
measured), because each change of the simulator deals the seeds anew. `tests`: room/Suite.Name; they
are asked where the seeds find nothing. `breaks`: the property of protocol.md 5 that is violated, or
the rule that the directed test states. QUICK runs in every `./dev test`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Killers:
    seeds: int = 0
    tests: tuple[str, ...] = ()
    breaks: str = ""


def swarm(seeds: int, breaks: str, *tests: str) -> Killers:
    return Killers(seeds, tests, breaks)


def directed(breaks: str, *tests: str) -> Killers:
    return Killers(0, tests, breaks)


KILLERS = {
    # The token, and what it proves.
    "stable_is_max": swarm(20, "7.1, I3"),
    "stable_from_one_visit": swarm(20, "7.1, I3"),
    "aru_never_lowered": swarm(20, "7.1, I3"),
    "aru_at_seq": swarm(20, "stable <= aru"),
    "seq_in_read_late": swarm(50, "liveness: stable"),
    "token_accepted_twice": swarm(20, "I2"),
    "no_veto": swarm(100, "I1, a storm of tokens"),
    "requests_short_by_one": swarm(
        50, "liveness: repair", "ordering/Change.WaitingMessagesGoOutOnTheNewRing"),
    "requests_dropped": swarm(50, "liveness: repair", "ordering/Loss.LostDataIsRepaired"),
    "responder_never_changes": directed(
        "3.6: another holder answers",
        "ordering/Loss.HolderThatCannotReachTheRequesterIsNotAskedForEver"),
    "drained_too_early": directed(
        "4.6: drained means stable", "ordering/Drain.NobodyReportsItWhileSomebodyLacksAFrame"),
    "in_flight_unlimited": directed("I9", "ordering/Flow.InFlightBoundIsNeverExceeded"),
    "window_not_clamped": directed("I9", "ordering/Window.WhatTheTokenSaysIsClamped"),
    "window_floor_ignored": directed(
        "3.7: every member may send", "ordering/Window.WhatTheTokenSaysIsClamped"),
    "window_never_grows": directed(
        "3.7: a window grows where rate follows",
        "ordering/Window.GrowsBackWhenTheRateFollowsAgain"),
    # Frames and deliveries.
    "old_ring_taken": swarm(
        50, "1.3", "ordering/Change.DataOfPeersThatInstalledFirstIsKept"),
    "loan_leaked": swarm(20, "I11"),
    "plan_filter_removed": directed("4", "ordering/Attempts.PlanKeepsLateFramesOut"),
    "status_outlives_ring": swarm(
        100, "7.1", "ordering/Status.WhatWasHeldOnTheLastRingSaysNothing"),
    "status_of_silent_assumed": swarm(
        20, "7.1", "ordering/Status.NothingIsStableBeforeEverybodySpoke"),
    "status_of_other_ring": directed(
        "7.5: a statement is about one ring", "ordering/Status.OfAnotherRingIsNotBelieved"),
    "nack_answered_by_all": directed(
        "3.6: the sender answers", "ordering/Nack.OnlyTheSenderAnswers"),
    "nack_without_bound": directed(
        "3.6: repairs are bounded", "ordering/Nack.NoNackMakesMoreCopiesThanAVisitMaySend"),
    "nack_by_a_copy": directed(
        "3.6: only a sender's own frames prove a loss", "ordering/Nack.ACopyProvesNothing"),
    "status_when_stopped": directed(
        "3.5: who left a ring does nothing for it",
        "ordering/Nack.NobodyAnswersOutsideTheOperationalState"),
    "safe_at_aru": swarm(20, "7.1"),
    "causal_on_arrival": swarm(20, "6.1"),
    "fifo_on_arrival": swarm(20, "5 for FIFO"),
    "past_a_hole": swarm(50, "4+", "ordering/Install.BehindAHoleOnlyObligedSendersAreDelivered"),
    "no_obligation_filter": swarm(
        50, "6.3", "ordering/Install.BehindAHoleOnlyObligedSendersAreDelivered"),
    "dropped_behind_hole": swarm(
        100, "3", "ordering/Install.BehindAHoleOnlyObligedSendersAreDelivered"),
    "fifo_behind_own_gap": swarm(
        100, "5 for FIFO", "ordering/Install.FifoBehindItsSendersHoleIsSkipped"),
    "unit_cut": swarm(
        100, "3", "ordering/Units.OneThatWaitsGoesOutWholeOnTheNextRing"),
    "early_in_recovery": directed(
        "4.4: nothing before the install",
        "ordering/Install.RuleRDeliversReliableThatCameInRecoveryOnly"),
    "copies_of_unreliable": swarm(
        150, "1.4", "ordering/Services.UnreliableCopiesAreDropped"),
    "packed_behind_fragment": swarm(
        20, "3", "ordering/Change.WholeMessageBehindAHalfSentOneIsKept"),
    "large_message_continued": swarm(50, "1.4", "ordering/Change.HalfSentMessageStartsAnew"),
    # Recovery and install.
    "snapshot_overstated": swarm(50, "liveness", "ordering/Recovery.OwnersSendWhatIsMissingOnce"),
    "not_frozen": directed(
        "4.3: frozen since the snapshot", "ordering/Attempts.NothingIsStoredAfterTheSnapshot"),
    "stable_max_ignored": swarm(20, "4+"),
    "holes_kept": swarm(500, "liveness", "ordering/Attempts.AbandoningTakesHolesBack"),
    "owner_wrong": directed(
        "4.4: one owner a frame", "ordering/Recovery.OwnersSendWhatIsMissingOnce"),
    "obligations_forgotten": swarm(
        500, "4", "ordering/Attempts.ObligationsOutliveAnAbandonedAttempt"),
    "obligations_of_others_ignored": swarm(
        500, "4", "ordering/Attempts.ObligationsOfOneAreThoseOfAllWhoComeAlong"),
    "obligations_at_plan": swarm(
        100, "6.3", "ordering/Attempts.WithoutHoldingEverythingNobodyIsObliged"),
    "done_run_not_reset": swarm(50, "4, 7.1", "ordering/Recovery.WhatOneHoldsAllDeliver"),
    "installed_one_short": swarm(50, "4, 7.1", "ordering/Recovery.WhatOneHoldsAllDeliver"),
    "all_in_regular": swarm(50, "7.1"),
    "tail_cut": swarm(50, "3"),
    "queue_lost": swarm(20, "3: what was accepted comes back"),
    # Membership.
    "stable_max_is_min": swarm(
        20, "liveness: no PLAN fits", "membership/Plan.TakesMaximaAndKeepsAsHolesWhatNobodyHas"),
    "state_of_other_attempt": swarm(
        100, "4", "membership/Duplicate.DoublesThatBootWithTheClusterComeToOneRing"),
    "plan_accepted_twice": swarm(20, "the table of states"),
    "plan_of_other_attempt": directed(
        "4.3: PLAN of the attempt answered last",
        "membership/Member1.PlanOfAnOlderAttemptIsVoidForEver"),
    "old_proposal_answered": directed(
        "I6", "membership/Member1.AUsedEpochIsAnsweredWithOneJoin"),
    "epoch_not_raised": swarm(
        100, "I6", "membership/Coordinator.AttemptsHaveTheirOwnEpochs"),
    "epoch_without_salt": swarm(400, "2.3", "membership/Epoch.CountsUpAndSalts"),
    "exclusion_not_mutual": swarm(
        100, "liveness", "membership/Duplicate.DoublesThatBootWithTheClusterComeToOneRing"),
    "incarnations_confused": directed(
        "4.3: one incarnation of an index lives",
        "membership/Episode.TheIncarnationThatSpeaksIsTheLivingOne"),
    "admission_veto_removed": directed(
        "4.3: let in by all or by none", "membership/InRing.TakesOffTheTokenWhomItCannotAccept"),
    "departure_unheard": directed("4.6", "membership/Leave.ALeaversJoinEndsTheRingAtOnce"),
    "leaver_kept": directed("4.6", "membership/Leave.TheOthersExcludeTheLeaverTheTokenNames"),
    # Groups.
    "application_not_held": swarm(50, "same view delivery"),
    "merge_by_position_only": swarm(20, "agreement on the sets of a view"),
    "merge_not_cancelled": swarm(
        600, "I12", "groups/TwoDaemons.AMergeThatWasInterruptedForGoodHoldsNobodyUp"),
    "lineage_not_folded": swarm(
        500, "transitional set",
        "groups/TwoDaemons.WhoMeetsAgainAtOnceButDidNotComeTogetherGetsAView"),
    "departed_kept": swarm(
        20, "membership precision",
        "groups/TwoDaemons.ALostDaemonsMembersGoWithATransitionalSignalAndAView"),
    "loss_unnoticed": swarm(
        400, "same view delivery",
        "groups/TwoDaemons.WhoMeetsAgainAtOnceButDidNotComeTogetherGetsAView"),
    "view_number_only_if_changed": swarm(50, "one view id, one member list"),
    "transitional_views_unnamed": swarm(
        300, "one view id, one member list",
        "groups/TwoDaemons.AViewInATransitionalConfigurationHasANameOfItsOwn"),
    "closed_session_heard": swarm(
        50, "delivery to the living", "groups/TwoDaemons.ADisconnectLeavesAllGroups"),
    "envelope_by_session": swarm(
        20, "same view delivery", "engine/Clients.NeighboursWithOneEnvelopeShareIt"),
    "repeat_of_another": swarm(
        50, "same view delivery", "engine/Clients.OneGoesOnOnlyWhereNobodySpokeSince"),
    "change_unnoticed": swarm(
        100, "same view delivery", "groups/Recent.WhoJoinsHearsTheNextOne"),
    # Flush groups.
    "view_without_consent": swarm(
        50, "F3", "groups/Flush.AJoinWaitsForTheConsentOfAllMembers"),
    "asked_again": swarm(50, "F4"),
    "flushed_heard": swarm(50, "F2"),
    "view_of_saying_ignored": swarm(
        50, "F1, F2", "groups/Flush.WhatWasSaidBeforeTheViewWasSeenIsNotHeardInIt"),
    "cell_ignored": swarm(
        100, "F1", "groups/Flush.BetweenTheCutAndTheViewOneSpeaksToThoseWhoCameAlong"),
    "cell_not_parted": swarm(1000, "G8, G9 of a flush group"),
    "early_in_flush_group": swarm(
        50, "F1", "engine/FlushAtEngines.EarlyClassesAreRaisedForFlushGroups"),
    "joiner_hears_early": swarm(50, "G3"),
    "subgroup_to_all": swarm(50, "F7", "groups/Flush.ASubgroupCastGoesToThoseNamed"),
    "refusal_untold": swarm(
        50, "liveness: heard or refused",
        "engine/FlushAtEngines.WhatOnlyTheOrderCanRefuseIsToldToItsSender"),
    "consent_lost_in_merge": swarm(100, "liveness: F8"),
    "due_lost_in_merge": swarm(200, "liveness: F8"),
    "leaver_awaited": swarm(
        50, "liveness: F8", "groups/Flush.TheLastOneWaitedForMayLeaveInsteadOfConsenting"),
    "view_behind_signal": swarm(200, "F5, transitional set"),
    "silence_borne": swarm(
        100, "liveness: F8",
        "engine/FlushAtEngines.WhoDoesNotConsentInTimeIsDisconnectedByItsDaemon"),
}

QUICK = [
    "stable_is_max", "stable_from_one_visit", "aru_never_lowered", "aru_at_seq",
    "token_accepted_twice", "loan_leaked", "safe_at_aru", "causal_on_arrival", "fifo_on_arrival",
    "past_a_hole", "no_obligation_filter", "large_message_continued", "stable_max_ignored",
    "epoch_not_raised", "done_run_not_reset", "merge_by_position_only", "departed_kept",
    "application_not_held", "view_number_only_if_changed", "closed_session_heard",
    "fifo_behind_own_gap", "view_without_consent", "flushed_heard", "early_in_flush_group",
]
