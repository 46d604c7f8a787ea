! Diffusion in Fortran with array syntax: the Laplacian, then the new density.
! The first index runs along x: in memory the arrays are those of the C++ programs.
program diff2d
  use, intrinsic :: iso_fortran_env, only: int64
  use common
  implicit none
  integer(int64) :: n, nsteps, s, j
  real(real64) :: r, start, seconds
  real(real64), allocatable :: p(:, :), lapl(:, :)

  call setup(n, nsteps, r)
  allocate (p(n, n), lapl(n, n))
  lapl = 0
  do j = 1, n
    call initial(j, p(:, j))
  end do

  start = now()
  do s = 1, nsteps
    lapl(2:n-1, 2:n-1) = p(2:n-1, 3:n) + p(2:n-1, 1:n-2) + p(3:n, 2:n-1) + p(1:n-2, 2:n-1) &
                         - 4*p(2:n-1, 2:n-1)
    p(2:n-1, 2:n-1) = p(2:n-1, 2:n-1) + r*lapl(2:n-1, 2:n-1)
  end do
  seconds = now() - start
  call report(seconds, 1, p)
end program diff2d
