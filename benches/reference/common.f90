! What the Fortran programs share: parameters, first state, clock, result. Nothing of it is timed.
! Compiled with -ffp-contract=off whatever the flags of the program: all start from the same bits.
module common
  use, intrinsic :: iso_fortran_env, only: int64, real64
  implicit none
  private
  public :: real64, setup, initial, now, report

  real(real64) :: x1, x2, dx, r
  integer(int64) :: npnts, nsteps
  character(len=4096) :: final_file ! "-" writes none

contains

  ! Arguments: D x1 x2 dx steps final_file
  subroutine setup(n, steps, coefficient)
    integer(int64), intent(out) :: n, steps
    real(real64), intent(out) :: coefficient
    real(real64) :: D, dt
    integer(int64) :: nrows
    if (command_argument_count() /= 6) then
      write (*, '(a)') 'usage: D x1 x2 dx steps final_file'
      stop 2
    end if
    D = number(1)
    x1 = number(2)
    x2 = number(3)
    nrows = int((x2 - x1)/number(4), int64)
    nsteps = int(number(5), int64)
    call get_command_argument(6, final_file)
    npnts = nrows + 2
    dx = (x2 - x1)/nrows
    dt = 0.25_real64*dx*dx/D
    r = (D/(dx*dx))*dt
    n = npnts
    steps = nsteps
    coefficient = r
  end subroutine setup

  function number(position)
    integer, intent(in) :: position
    real(real64) :: number
    character(len=64) :: text
    call get_command_argument(position, text)
    read (text, *) number
  end function number

  function node(i)
    integer(int64), intent(in) :: i
    real(real64) :: node, start, finish
    start = x1 - dx
    finish = x2 + dx
    node = merge(finish, (i - 1)*((finish - start)/(npnts - 1)) + start, i == npnts)
  end function node

  function peak(x)
    real(real64), intent(in) :: x
    real(real64) :: peak, xm
    xm = (x1 + x2)/2
    peak = 1 - abs(1 - 4*abs((x - xm)/(x2 - x1)))
  end function peak

  ! Row j of the first state: four peaks inside, zero on the boundary.
  subroutine initial(j, row)
    integer(int64), intent(in) :: j
    real(real64), intent(out) :: row(npnts)
    integer(int64) :: i
    row = 0
    if (j == 1 .or. j == npnts) return
    do i = 2, npnts - 1
      row(i) = peak(node(j))*peak(node(i))
    end do
  end subroutine initial

  ! A clock that only goes forward, in seconds.
  function now()
    real(real64) :: now
    integer(int64) :: count, rate
    call system_clock(count, rate)
    now = real(count, real64)/rate
  end function now

  ! Prints the result and writes the final state, row by row.
  subroutine report(seconds, threads, final_state)
    real(real64), intent(in) :: seconds, final_state(npnts, npnts)
    integer, intent(in) :: threads
    integer :: unit
    write (*, '(a,i0)') 'nodes=', npnts
    write (*, '(a,i0)') 'steps=', nsteps
    write (*, '(a,es24.16)') 'r=', r
    write (*, '(a,i0)') 'threads=', threads
    write (*, '(a,f0.9)') 'seconds=', seconds
    if (final_file == '-') return
    open (newunit=unit, file=trim(final_file), access='stream', form='unformatted', status='replace')
    write (unit) final_state
    close (unit)
  end subroutine report

end module common
