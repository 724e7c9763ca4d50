// The best `count` groups of each query, by their best faces: a tile of scores after another is merged into the lists that are the
// output. One work-group of GROUP a query.
//
// tile [Q,width]: scores of the faces from `first` on. groups [P] of all faces. scores, places [Q,count], the best first.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void topScores(
    CONST_TENSOR(tile), CONST_TENSOR(groups), TENSOR(scores), TENSOR(places), const int width, const int first,
    const int count)
{
    __local float best_scores[GROUP];
    __local int best_places[GROUP];
    const int item = get_local_id(0);
    __global const float *row = AT(tile) + get_group_id(0) * (ulong)width;
    __global float *list = AT(scores) + get_group_id(0) * (ulong)count;
    __global float *list_places = AT(places) + get_group_id(0) * (ulong)count;
    if (first == 0) {
        for (int i = item; i < count; i += GROUP) {
            list[i] = -INFINITY;
            list_places[i] = -1.0f;
        }
    }
    // The best face of the tile that is not in the list yet, and ranks before its last; then the next; each of them stays, so that
    // there are at most `count` rounds. Faces of earlier tiles have the lower places: they win ties.
    for (;;) {
        barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
        const float worst = list[count - 1];
        float best = -INFINITY;
        int place = INT_MAX;
        for (int i = item; i < width; i += GROUP) {
            const float score = row[i];
            // False for NaN.
            if (!(score > worst && score > best)) continue;
            const float group = AT(groups)[first + i];
            if (group < 0.0f) continue;
            bool known = false;
            for (int j = 0; j < count && list[j] >= score; j++)
                known = known || AT(groups)[(int)list_places[j]] == group;
            if (known) continue;
            best = score;
            place = first + i;
        }
        best_scores[item] = best;
        best_places[item] = place;
        for (int half_size = GROUP / 2; half_size > 0; half_size /= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (item < half_size) {
                const float other = best_scores[item + half_size];
                const int other_place = best_places[item + half_size];
                if (other > best_scores[item] || (other == best_scores[item] && other_place < best_places[item])) {
                    best_scores[item] = other;
                    best_places[item] = other_place;
                }
            }
        }
        // Of the list too: item 0 changes what the others have read.
        barrier(CLK_GLOBAL_MEM_FENCE | CLK_LOCAL_MEM_FENCE);
        best = best_scores[0];
        place = best_places[0];
        if (place == INT_MAX) return;
        if (item == 0) {
            // Its group's former face makes room, or the last one.
            int hole = 0;
            while (hole < count - 1
                   && (list_places[hole] < 0.0f || AT(groups)[(int)list_places[hole]] != AT(groups)[place]))
                hole++;
            for (; hole > 0 && list[hole - 1] < best; hole--) {
                list[hole] = list[hole - 1];
                list_places[hole] = list_places[hole - 1];
            }
            list[hole] = best;
            list_places[hole] = (float)place;
        }
    }
}
